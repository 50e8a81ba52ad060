"""Let the teacher label a folder of photos, once, into files that training reads quickly."""

from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from tqdm import tqdm

from pipeline.corpus.images import ImageError, ImageSource, decode_image
from pipeline.errors import UserError
from pipeline.features.detectors.lite import INPUT_SIZE, resize
from pipeline.features.detectors.training.teacher import PseudoLabels

HELD_OUT = ("tune", "test")
UNREADABLE = "unreadable"
COPY = "copy"  # of a held-out photo, so not trained on

TeacherFunction = Callable[[NDArray[np.uint8], float], PseudoLabels]

_CORNERS = ["x1", "y1", "x2", "y2"]


def read_splits(path: Path) -> dict[str, str]:
    """The held-out photos: a CSV file with the columns `name` and `split` (tune or test).

    Errors: UserError where the file cannot be read, or a split has another name.
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


def label_photos(
    source: ImageSource,
    splits: Mapping[str, str],
    teacher: TeacherFunction,
    min_score: float,
    folder: Path,
) -> None:
    """Write pixels.npy, photos.parquet and labels.parquet for `LabelledPhotos.load`.

    splits: the held-out photos by name; the others are trained on. A photo that cannot be read
    keeps its row, without pixels and labels.
    """
    folder.mkdir(parents=True, exist_ok=True)
    names = source.names()
    _check_names(splits, names)
    shape = (len(names), INPUT_SIZE, INPUT_SIZE, 3)
    pixels = np.lib.format.open_memmap(folder / "pixels.npy", "w+", np.uint8, shape)
    rows, labels = [], []
    for i, name in enumerate(tqdm(names, desc="label", mininterval=10)):
        split, key = splits.get(name, "train"), ""
        try:
            data = source.read(name)
            key = sha256(data).hexdigest()
            photo = decode_image(data)
            pixels[i] = np.asarray(resize(photo))
            labels.append(_label_table(i, teacher(np.asarray(photo), min_score)))
        except ImageError:
            split = UNREADABLE
        rows.append((name, key, split))
    if not labels:
        raise UserError(f"none of the {len(names)} photos can be read")
    pixels.flush()
    photos = pd.DataFrame(rows, columns=["name", "key", "split"])
    _set_copies_aside(photos).to_parquet(folder / "photos.parquet", index=False)
    pd.concat(labels).to_parquet(folder / "labels.parquet", index=False)


def _check_names(splits: Mapping[str, str], names: list[str]) -> None:
    unknown = sorted(set(splits) - set(names))
    if unknown:
        raise UserError(f"{len(unknown)} held-out photos are not there, the first: {unknown[0]}")
    if len(splits) == len(names):
        raise UserError(f"all {len(names)} photos are held out; none is left to train on")


def _label_table(photo: int, labels: PseudoLabels) -> pd.DataFrame:
    table = pd.DataFrame(labels.boxes, columns=_CORNERS)
    table.insert(0, "photo", photo)
    table.insert(1, "class", labels.classes)
    table.insert(2, "score", labels.scores)
    return table


def _set_copies_aside(photos: pd.DataFrame) -> pd.DataFrame:
    held_out = photos["split"].isin(HELD_OUT)
    is_copy = (photos["split"] == "train") & photos["key"].isin(photos["key"][held_out])
    return photos.assign(split=photos["split"].mask(is_copy, COPY))
