"""Folders of precomputed region features, as SCAN published them and its successors use them."""

from pathlib import Path

import numpy as np

from pipeline.corpus.text_files import read_text
from pipeline.corpus.text_keys import text_key
from pipeline.errors import UserError
from pipeline.matching.captions import Captions
from pipeline.matching.noise import Rows
from pipeline.matching.pictures import open_regions
from pipeline.matching.sources import split_words

_CAPTIONS_PER_PICTURE = 5
# What published figures choose their epoch by, whatever else the dev files hold.
_DEV_CAPTIONS = 5000


def read_precomp(folder: Path, test_files: str) -> dict[str, Captions]:
    """The captions of {train,dev,test}_caps.txt, or .tsv, by split.

    A picture's name is its row in the split's .npy file. `test_files` is `test` or `testall`.

    Raises:
        UserError: a file is missing, or captions and pictures do not fit together.
    """
    return {
        "train": _read_split(folder, "train"),
        "dev": _read_split(folder, "dev", _DEV_CAPTIONS),
        "test": _read_split(folder, test_files),
    }


def is_real_noise(folder: Path) -> bool:
    """Whether some of a folder's pairs are wrong by themselves, as those of CC152K are."""
    return folder.name.startswith("cc152k")


def _read_split(folder: Path, files: str, most: int | None = None) -> Captions:
    texts = _read_captions(folder, files)
    pictures = len(open_regions(folder, files))
    rows = _picture_rows(folder, files, pictures, len(texts))[:most]
    # Rows that hold one picture again and again are that picture, once.
    kept, image = np.unique(rows, return_inverse=True)
    words = [split_words(text) for text in texts[:most]]
    return Captions(
        [f"{files}-{i}" for i in range(len(rows))],
        image.astype(np.int64),
        words,
        [text_key(text) for text in words],
        [str(row) for row in kept],
    )


def _read_captions(folder: Path, files: str) -> list[str]:
    table = folder / f"{files}_caps.tsv"
    path = table if table.exists() else folder / f"{files}_caps.txt"
    lines = read_text(path, "utf-8").split("\n")
    lines = [line.strip("\r") for line in lines[:-1] if lines] + [
        line for line in lines[-1:] if line
    ]
    if path != table:
        return lines
    cells = [line.split("\t") for line in lines]
    short = [i for i, row in enumerate(cells, start=1) if len(row) < 2]
    if short:
        raise UserError(f"{path}, line {short[0]}: no tab; expected an image id, a tab, a caption")
    return [row[1] for row in cells]


def _picture_rows(folder: Path, files: str, pictures: int, captions: int) -> Rows:
    """The row of each caption's picture."""
    if captions == _CAPTIONS_PER_PICTURE * pictures:
        return np.arange(captions) // _CAPTIONS_PER_PICTURE
    if captions != pictures:
        raise UserError(
            f"{folder}: {files} has {pictures} pictures and {captions} captions; expected as many,"
            f" or {_CAPTIONS_PER_PICTURE} for each"
        )
    ids = folder / f"{files}_ids.txt"
    if not ids.exists():
        return np.arange(captions)
    names = read_text(ids, "utf-8").split()
    if len(names) != pictures:
        raise UserError(f"{ids} has {len(names)} ids for {pictures} pictures")
    first = {name: row for row, name in reversed(list(enumerate(names)))}
    return np.array([first[name] for name in names], dtype=np.int64)
