"""The output of the stage `pairs`: captions with their images, vocabulary and noise."""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.matching.captions.noise import Rows, noise_report, pair_with_noise
from pipeline.matching.captions.vocabulary import Vocabulary
from pipeline.params.matching import NoiseParams

_CAPTIONS, _IMAGES, _VOCABULARY = "captions.parquet", "images.parquet", "vocabulary.json"
_NOISE, _INDEX = "noise.json", "noise.npy"
# Written by the stage `words` to its own folder.
BERT_FILE, GLOVE_FILE = "bert.h5", "glove.npy"


@dataclass(frozen=True)
class Captions:
    """The captions of a split and their images.

    image: (n,) the image of each caption, an index into images. keys: of the captions' texts.
    images: the key of each image, or its row in a .npy file as text.
    """

    ids: list[str]
    image: Rows
    words: list[list[str]]
    keys: list[str]
    images: list[str]


@dataclass(frozen=True)
class CaptionSet:
    """The captions of all splits; given: (n,) the image that each train caption is paired with."""

    splits: dict[str, Captions]
    given: Rows
    vocabulary: Vocabulary

    def with_noise(self, params: NoiseParams) -> Self:
        """The same captions, some train captions paired with another image than their own.

        Raises:
            UserError: the file of noise is not an index of these images.
        """
        train = self.splits["train"]
        given = pair_with_noise(train.image, len(train.images), params)
        return type(self)(self.splits, given, self.vocabulary)

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """(n,) which train captions are paired with another image than their own."""
        return np.not_equal(self.given, self.splits["train"].image)

    @property
    def texts(self) -> dict[str, list[str]]:
        """The words of each distinct caption by its key, in order of first appearance."""
        splits = self.splits.values()
        return {key: words for s in splits for key, words in zip(s.keys, s.words, strict=True)}

    @property
    def digest(self) -> str:
        """A sha256 of captions, images and pairs."""
        state = sha256(self.given.tobytes())
        for split in self.splits.values():
            state.update(json.dumps([split.ids, split.words, split.images]).encode())
            state.update(split.image.tobytes())
        return state.hexdigest()

    def write(self, folder: Path, noise: NoiseParams) -> None:
        """Write the tables, the vocabulary, the index of the noise and its report.

        Raises:
            UserError: a file cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        captions, images = [], []
        for name, split in self.splits.items():
            given = self.given if name == "train" else split.image
            rows = {"split": name, "id": split.ids, "image": split.image, "given": given}
            captions.append(pd.DataFrame({**rows, "words": split.words, "key": split.keys}))
            images.append(pd.DataFrame({"split": name, "key": split.images}))
        for file, tables in ((_CAPTIONS, captions), (_IMAGES, images)):
            with whole_file(folder / file) as temporary:
                pd.concat(tables, ignore_index=True).to_parquet(temporary, index=False)
        self.vocabulary.write(folder / _VOCABULARY)
        report = noise_report(self.splits["train"].image, self.given, noise)
        (folder / _NOISE).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        np.save(folder / _INDEX, self.given, allow_pickle=False)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the folder that `write` wrote.

        Raises:
            UserError: it is missing.
        """
        if not (folder / _CAPTIONS).exists():
            raise UserError(f"{folder / _CAPTIONS} not found; run the stage pairs")
        captions = pd.read_parquet(folder / _CAPTIONS)
        images = pd.read_parquet(folder / _IMAGES)
        splits = {
            str(name): Captions(
                rows["id"].tolist(),
                rows["image"].to_numpy(np.int64),
                [list(words) for words in rows["words"]],
                rows["key"].tolist(),
                images.loc[images["split"] == name, "key"].tolist(),
            )
            for name, rows in captions.groupby("split", sort=False)
        }
        given = captions.loc[captions["split"] == "train", "given"].to_numpy(np.int64)
        return cls(splits, given, Vocabulary.read(folder / _VOCABULARY))
