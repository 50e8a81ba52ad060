"""Folders of precomputed region features, in the layout of SCAN and its successors."""

from pathlib import Path

import numpy as np

from pipeline.core.text_files import read_text
from pipeline.errors import UserError
from pipeline.features.texts import text_key
from pipeline.matching.captions.captions import Captions
from pipeline.matching.captions.noise import Rows
from pipeline.matching.captions.region_files import open_regions
from pipeline.tokenizers.tokenize import tokenize

_CAPTIONS_PER_IMAGE = 5
_TOKENIZER = "plain"  # captions have no tweet tokens
_NO_WORDS = ["<unk>"]
# Published results select their epoch on these, even if the dev files hold more.
_DEV_CAPTIONS = 5000


def read_precomp(folder: Path, test_files: str) -> dict[str, Captions]:
    """The captions of {train,dev,test}_caps.txt, or .tsv, by split.

    An image's name is its row in the split's .npy file. `test_files` is `test` or `testall`.

    Raises:
        UserError: a file is missing, or captions and images do not match.
    """
    return {
        "train": _read_split(folder, "train"),
        "dev": _read_split(folder, "dev", _DEV_CAPTIONS),
        "test": _read_split(folder, test_files),
    }


def is_real_noise(folder: Path) -> bool:
    """Whether some pairs of a folder are wrong already, as those of CC152K are."""
    return folder.name.startswith("cc152k")


def split_words(text: str) -> list[str]:
    """The words of a caption; at least one."""
    return tokenize(text, _TOKENIZER) or _NO_WORDS


def _read_split(folder: Path, files: str, most: int | None = None) -> Captions:
    texts = _read_captions(folder, files)
    images = len(open_regions(folder, files))
    rows = _image_rows(folder, files, images, len(texts))[:most]
    # Rows that repeat an image are that image, once.
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
    *lines, last = read_text(path, "utf-8").split("\n")
    lines = [line.strip("\r") for line in lines] + [last] * bool(last)
    if path != table:
        return lines
    cells = [line.split("\t") for line in lines]
    short = [i for i, row in enumerate(cells, start=1) if len(row) < 2]
    if short:
        raise UserError(f"{path}, line {short[0]}: no tab; expected an image id, a tab, a caption")
    return [row[1] for row in cells]


def _image_rows(folder: Path, files: str, images: int, captions: int) -> Rows:
    """The row of each caption's image."""
    if captions == _CAPTIONS_PER_IMAGE * images:
        return np.arange(captions) // _CAPTIONS_PER_IMAGE
    if captions != images:
        raise UserError(
            f"{folder}: {files} has {images} images and {captions} captions; expected as many,"
            f" or {_CAPTIONS_PER_IMAGE} for each"
        )
    ids = folder / f"{files}_ids.txt"
    if not ids.exists():
        return np.arange(captions)
    names = read_text(ids, "utf-8").split()
    if len(names) != images:
        raise UserError(f"{ids} has {len(names)} ids for {images} images")
    first = {name: row for row, name in reversed(list(enumerate(names)))}
    return np.array([first[name] for name in names], dtype=np.int64)
