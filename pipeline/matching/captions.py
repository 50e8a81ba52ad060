"""What the stage `pairs` leaves behind: captions with their pictures, vocabulary and noise."""

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
from pipeline.matching.noise import Rows, describe, pair_with_noise
from pipeline.matching.params import NoiseParams
from pipeline.matching.vocabulary import Vocabulary

_CAPTIONS, _PICTURES, _VOCABULARY = "captions.parquet", "pictures.parquet", "vocabulary.json"
_NOISE, _INDEX = "noise.json", "noise.npy"


@dataclass(frozen=True)
class Captions:
    """The pictures of a split, and its captions.

    image: (n,) the number of each caption's picture, an index into images. keys: of the texts.
    images: what a picture is found by: its key, or its row in a .npy file as text.
    """

    ids: list[str]
    image: Rows
    words: list[list[str]]
    keys: list[str]
    images: list[str]


@dataclass(frozen=True)
class CaptionSet:
    """All splits' captions; given: (n,) the picture that each train caption is trained with."""

    splits: dict[str, Captions]
    given: Rows
    vocabulary: Vocabulary

    def with_noise(self, params: NoiseParams) -> Self:
        """The same captions, of which some train with another picture than their own."""
        train = self.splits["train"]
        given = pair_with_noise(train.image, len(train.images), params)
        return type(self)(self.splits, given, self.vocabulary)

    @property
    def wrong(self) -> npt.NDArray[np.bool_]:
        """(n,) which train captions are with another picture than their own."""
        return np.not_equal(self.given, self.splits["train"].image)

    @property
    def texts(self) -> dict[str, list[str]]:
        """The words of each distinct caption by its key, in order of first appearance."""
        splits = self.splits.values()
        return {key: words for s in splits for key, words in zip(s.keys, s.words, strict=True)}

    @property
    def digest(self) -> str:
        """A sha256 of what is trained on."""
        state = sha256(self.given.tobytes())
        for split in self.splits.values():
            state.update(json.dumps([split.ids, split.words, split.images]).encode())
            state.update(split.image.tobytes())
        return state.hexdigest()

    def write(self, folder: Path, noise: NoiseParams) -> None:
        """Tables, vocabulary.json, and the noise's index with a report."""
        folder.mkdir(parents=True, exist_ok=True)
        captions, pictures = [], []
        for name, split in self.splits.items():
            given = self.given if name == "train" else split.image
            rows = {"split": name, "id": split.ids, "image": split.image, "given": given}
            captions.append(pd.DataFrame({**rows, "words": split.words, "key": split.keys}))
            pictures.append(pd.DataFrame({"split": name, "key": split.images}))
        for file, tables in ((_CAPTIONS, captions), (_PICTURES, pictures)):
            with whole_file(folder / file) as temporary:
                pd.concat(tables, ignore_index=True).to_parquet(temporary, index=False)
        self.vocabulary.write(folder / _VOCABULARY)
        report = describe(self.splits["train"].image, self.given, noise).as_json()
        (folder / _NOISE).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
        np.save(folder / _INDEX, self.given, allow_pickle=False)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """What `write` wrote.

        Raises:
            UserError: it is not there.
        """
        if not (folder / _CAPTIONS).exists():
            raise UserError(f"{folder / _CAPTIONS} not found; run the stage pairs")
        captions = pd.read_parquet(folder / _CAPTIONS)
        pictures = pd.read_parquet(folder / _PICTURES)
        splits = {
            str(name): Captions(
                rows["id"].tolist(),
                rows["image"].to_numpy(np.int64),
                [list(words) for words in rows["words"]],
                rows["key"].tolist(),
                pictures.loc[pictures["split"] == name, "key"].tolist(),
            )
            for name, rows in captions.groupby("split", sort=False)
        }
        given = captions.loc[captions["split"] == "train", "given"].to_numpy(np.int64)
        return cls(splits, given, Vocabulary.read(folder / _VOCABULARY))
