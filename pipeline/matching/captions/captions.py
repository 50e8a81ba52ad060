"""Captions with their images as collected, then with vocabulary and noise: the stage `pairs`."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.errors import UserError
from pipeline.files import whole_file, write_text
from pipeline.matching.captions.noise import Rows, noise_report, pair_with_noise
from pipeline.matching.captions.vocabulary import Vocabulary
from pipeline.params.matching import CorpusParams, NoiseParams

_CAPTIONS, _IMAGES, _VOCABULARY = "captions.parquet", "images.parquet", "vocabulary.json"
_FEATURES, _NOISE, _INDEX = "features.json", "noise.json", "noise.npy"
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
class Collected:
    """The captions of all splits, and the sha256 of each file that has their images' features.

    Stages that train depend on features through these, whichever files they are.
    """

    splits: dict[str, Captions]
    features: dict[str, str]

    def write(self, folder: Path) -> None:
        """Write the tables and the digests.

        Raises:
            UserError: a file cannot be written.
        """
        _write_splits(folder, self.splits, self.splits["train"].image)
        _write_json(folder / _FEATURES, self.features)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the folder that `write` wrote.

        Raises:
            UserError: it is missing.
        """
        splits, _ = _read_splits(folder, f"stages/matching/sources/dvc.yaml:{folder.name}")
        return cls(splits, json.loads((folder / _FEATURES).read_text(encoding="utf-8")))


@dataclass(frozen=True)
class CaptionSet:
    """The captions of all splits; given: (n,) the image that each train caption is paired with.

    features: the sha256 of each file of their images' features.
    """

    splits: dict[str, Captions]
    given: Rows
    vocabulary: Vocabulary
    features: dict[str, str]

    @classmethod
    def of(cls, collected: Collected, corpus: CorpusParams, noise: NoiseParams) -> Self:
        """Collected captions with the vocabulary and the noise that the parameters name.

        Raises:
            UserError: a file is missing or damaged, or noise would be added to noisy pairs.
        """
        train = collected.splits["train"]
        if corpus.noisy and (noise.rate or noise.file) and not noise.on_real:
            raise UserError(
                f"noise.rate = {noise.rate}, but corpus.noisy says that some pairs are wrong by"
                " themselves; set noise.rate: 0, or noise.on_real: true to add to it"
            )
        if corpus.vocabulary is None:
            vocabulary = Vocabulary.of(train.words, corpus.min_count, corpus.tokenizer)
        else:
            vocabulary = Vocabulary.read(Path(corpus.vocabulary))
        clean = cls(collected.splits, train.image, vocabulary, collected.features)
        return clean.with_noise(noise)

    def with_noise(self, params: NoiseParams) -> Self:
        """The same captions, some train captions paired with another image than their own.

        Raises:
            UserError: the file of noise is not an index of these images.
        """
        train = self.splits["train"]
        given = pair_with_noise(train.image, len(train.images), params)
        return replace(self, given=given)

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
        """A sha256 of captions, images, their features and pairs."""
        state = sha256(self.given.tobytes())
        for split in self.splits.values():
            state.update(json.dumps([split.ids, split.words, split.images]).encode())
            state.update(split.image.tobytes())
        state.update(json.dumps(self.features, sort_keys=True).encode())
        return state.hexdigest()

    def write(self, folder: Path, noise: NoiseParams) -> None:
        """Write the tables, the vocabulary, the index of the noise and its report.

        Raises:
            UserError: a file cannot be written.
        """
        _write_splits(folder, self.splits, self.given)
        _write_json(folder / _FEATURES, self.features)
        self.vocabulary.write(folder / _VOCABULARY)
        train = self.splits["train"]
        report = noise_report(train.image, len(train.images), self.given, noise)
        _write_json(folder / _NOISE, report)
        with whole_file(folder / _INDEX) as temporary, temporary.open("wb") as file:
            np.save(file, self.given, allow_pickle=False)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the folder that `write` wrote.

        Raises:
            UserError: it is missing.
        """
        splits, given = _read_splits(folder, "pairs")
        features = json.loads((folder / _FEATURES).read_text(encoding="utf-8"))
        return cls(splits, given, Vocabulary.read(folder / _VOCABULARY), features)


def _write_splits(folder: Path, splits: Mapping[str, Captions], given_train: Rows) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    captions, images = [], []
    for name, split in splits.items():
        given = given_train if name == "train" else split.image
        rows = {"split": name, "id": split.ids, "image": split.image, "given": given}
        captions.append(pd.DataFrame({**rows, "words": split.words, "key": split.keys}))
        images.append(pd.DataFrame({"split": name, "key": split.images}))
    for file, tables in ((_CAPTIONS, captions), (_IMAGES, images)):
        with whole_file(folder / file) as temporary:
            pd.concat(tables, ignore_index=True).to_parquet(temporary, index=False)


def _read_splits(folder: Path, stage: str) -> tuple[dict[str, Captions], Rows]:
    if not (folder / _CAPTIONS).exists():
        raise UserError(f"{folder / _CAPTIONS} not found; run the stage {stage}")
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
    return splits, given


def _write_json(path: Path, values: Mapping[str, Any]) -> None:
    write_text(path, json.dumps(values, indent=2) + "\n")
