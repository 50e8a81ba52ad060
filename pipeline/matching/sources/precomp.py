"""Folders of precomputed region features, in the layout of SCAN and its successors."""

import csv
from io import StringIO
from pathlib import Path

import numpy as np

from pipeline.core.text_files import read_text
from pipeline.errors import UserError
from pipeline.features.texts import text_key
from pipeline.files import file_hash
from pipeline.matching.captions.captions import Captions, Collected
from pipeline.matching.captions.noise import Rows
from pipeline.matching.captions.region_files import Array, open_regions, regions_path
from pipeline.matching.words.splitting import split_words
from pipeline.params.matching import Tokenizer

_CAPTIONS_PER_IMAGE = 5
# Images that are compared at once, five rows each: 24 MB of the usual features.
_COMPARED = 16
# Published results select their epoch on these, even if the dev files hold more.
_DEV_CAPTIONS = 5000


def read_precomp(folder: Path, test_files: str, tokenizer: Tokenizer = "plain") -> Collected:
    """The captions of {train,dev,test}_caps.txt, or .tsv, by split.

    An image's name is its row in the split's .npy file, the first of them where rows repeat it.
    `test_files` is `test` or `testall`.

    Raises:
        UserError: a file is missing, or captions and images do not match.
    """
    splits = {
        "train": _read_split(folder, "train", tokenizer),
        "dev": _read_split(folder, "dev", tokenizer, _DEV_CAPTIONS),
        "test": _read_split(folder, test_files, tokenizer),
    }
    features = [regions_path(folder, files) for files in ("train", "dev", test_files)]
    return Collected(splits, {path.name: file_hash(path) for path in features})


def describe(folder: Path, files: str, split: Captions) -> str:
    """What was understood, as in `dev: 1,000 images, 5 captions each, from 5,070 rows`."""
    each = len(split.ids) / len(split.images)
    captions = f"{each:g} caption{'s' * (each != 1)} each"
    rows = len(open_regions(folder, files))
    return f"{files}: {len(split.images):,} images, {captions}, from {rows:,} rows"


def _read_split(
    folder: Path, files: str, tokenizer: Tokenizer, most: int | None = None
) -> Captions:
    texts = _read_captions(folder, files)
    rows = _image_rows(folder, files, len(texts))[:most]
    # Rows that repeat an image are that image, once.
    kept, image = np.unique(rows, return_inverse=True)
    words = [split_words(text, tokenizer) for text in texts[:most]]
    return Captions(
        [f"{files}-{i}" for i in range(len(rows))],
        image.astype(np.int64),
        words,
        [text_key(text) for text in words],
        [str(row) for row in kept],
    )


def _read_captions(folder: Path, files: str) -> list[str]:
    table = folder / f"{files}_caps.tsv"
    if table.exists():
        return _read_table(table)
    *lines, last = read_text(folder / f"{files}_caps.txt", "utf-8").split("\n")
    return [line.strip("\r") for line in lines] + [last] * bool(last)


def _read_table(path: Path) -> list[str]:
    """The second cell of each row, read as published code does: a cell may be in quotes."""
    reader = csv.reader(StringIO(read_text(path, "utf-8"), newline=""), delimiter="\t")
    captions = []
    try:
        for row in reader:
            if len(row) < 2:
                line = f"{path}, line {reader.line_num}"
                raise UserError(f"{line}: no tab; expected an image id, a tab, a caption")
            captions.append(row[1])
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: {error}") from None
    return captions


def _image_rows(folder: Path, files: str, captions: int) -> Rows:
    """The first row of each caption's image."""
    array = open_regions(folder, files)
    if len(array) not in {captions, captions / _CAPTIONS_PER_IMAGE}:
        raise UserError(
            f"{folder}: {files} has {len(array)} images and {captions} captions; expected as many,"
            f" or {_CAPTIONS_PER_IMAGE} for each"
        )
    order = np.arange(captions)
    ids = _read_ids(folder / f"{files}_ids.txt")
    if len(array) != captions:
        rows = order // _CAPTIONS_PER_IMAGE
    elif _repeats(array):
        rows = order - order % _CAPTIONS_PER_IMAGE
    elif ids is not None and len(ids) == captions:
        first = {name: row for row, name in reversed(list(enumerate(ids)))}
        rows = np.array([first[name] for name in ids], dtype=np.int64)
    else:
        rows = order
    images = len(np.unique(rows))
    if ids is not None and len(ids) not in {images, captions}:
        raise UserError(
            f"{folder / f'{files}_ids.txt'} has {len(ids)} ids; expected one for each of"
            f" {images} images or {captions} captions"
        )
    return rows


def _read_ids(path: Path) -> list[str] | None:
    return read_text(path, "utf-8").split() if path.exists() else None


def _repeats(array: Array) -> bool:
    """Whether all rows come in fives of the same bytes: each image once for each caption."""
    if len(array) == 0 or len(array) % _CAPTIONS_PER_IMAGE:
        return False
    step = _CAPTIONS_PER_IMAGE * _COMPARED
    for start in range(0, len(array), step):
        part = array[start : start + step].view(f"u{array.itemsize}")
        fives = part.reshape(-1, _CAPTIONS_PER_IMAGE, *part.shape[1:])
        if not (fives == fives[:, :1]).all():
            return False
    return True
