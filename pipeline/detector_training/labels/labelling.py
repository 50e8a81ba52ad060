"""Pseudo-labels of a folder of images, written to files that training memory-maps."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.detector_training.labels.teacher import PseudoLabels
from pipeline.encoders.detectors.lite import INPUT_SIZE, resize
from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.images.files import ImageError
from pipeline.images.source import ImageSource

HELD_OUT = ("tune", "test")
UNREADABLE = "unreadable"
COPY = "copy"  # of a held-out image, so not trained on

TeacherFunction = Callable[[NDArray[np.uint8], float], PseudoLabels]

_CORNERS = ["x1", "y1", "x2", "y2"]


def read_splits(path: Path) -> dict[str, str]:
    """The held-out images: a CSV file with the columns `name` and `split` (tune or test).

    Raises:
        UserError: the file cannot be read, or a split has another name.
    """
    try:
        table = pd.read_csv(path, dtype=str, keep_default_na=False, usecols=["name", "split"])
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: expected a CSV file with name and split: {error}") from None
    wrong = table[~table["split"].isin(HELD_OUT)]
    if len(wrong):
        name, split = wrong.iloc[0][["name", "split"]]
        raise UserError(f"{path}: {name} has split {split!r}; allowed: {', '.join(HELD_OUT)}")
    return dict(zip(table["name"], table["split"], strict=True))


def label_images(
    source: ImageSource,
    splits: Mapping[str, str],
    teacher: TeacherFunction,
    min_score: float,
    folder: Path,
) -> None:
    """Write pixels.npy, photos.parquet and labels.parquet for `LabelledImages.load`.

    splits: the held-out images by name; the others are trained on. An image that cannot be read
    keeps its row, without pixels and labels.

    Raises:
        UserError: a held-out image is missing, or no image is left to train on or can be read.
    """
    names = source.names()
    _check_names(splits, names)
    shape = (len(names), INPUT_SIZE, INPUT_SIZE, 3)
    rows, labels = [], []
    # Written, not mapped: a full disk would end a process that maps it without a word.
    with (
        whole_file(folder / "pixels.npy", math.prod(shape)) as temporary,
        temporary.open("wb") as file,
    ):
        header = {"shape": shape, "fortran_order": False, "descr": "|u1"}
        np.lib.format.write_array_header_1_0(file, header)
        for i, name in enumerate(tqdm(names, desc="label", mininterval=10)):
            split, key, pixels = splits.get(name, "train"), "", bytes(math.prod(shape[1:]))
            try:
                data = source.read(name)
                key = data.key
                image = data.open()
                pixels = np.asarray(resize(image)).tobytes()
                labels.append(_label_table(i, teacher(np.asarray(image), min_score)))
            except ImageError:
                split = UNREADABLE
            file.write(pixels)
            rows.append((name, key, split))
        if not labels:
            raise UserError(f"none of the {len(names)} images can be read")
    _write_tables(folder, rows, labels)


def _write_tables(
    folder: Path, rows: list[tuple[str, str, str]], labels: list[pd.DataFrame]
) -> None:
    table = pd.DataFrame(rows, columns=["name", "key", "split"])
    tables = {"photos.parquet": _mark_copies(table), "labels.parquet": pd.concat(labels)}
    for name, found in tables.items():
        with whole_file(folder / name) as temporary:
            found.to_parquet(temporary, index=False)


def _check_names(splits: Mapping[str, str], names: list[str]) -> None:
    unknown = sorted(set(splits) - set(names))
    if unknown:
        raise UserError(f"{len(unknown)} held-out images are not there, the first: {unknown[0]}")
    if len(splits) == len(names):
        raise UserError(f"all {len(names)} images are held out; none is left to train on")


def _label_table(row: int, labels: PseudoLabels) -> pd.DataFrame:
    columns = {"photo": row, "class": labels.classes, "score": labels.scores}
    return pd.DataFrame(columns).join(pd.DataFrame(labels.boxes, columns=_CORNERS))


def _mark_copies(table: pd.DataFrame) -> pd.DataFrame:
    held_out = table["split"].isin(HELD_OUT)
    is_copy = (table["split"] == "train") & table["key"].isin(table["key"][held_out])
    return table.assign(split=table["split"].mask(is_copy, COPY))
