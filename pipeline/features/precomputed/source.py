"""Which format a path holds, and which id a picture has in it."""

from pathlib import Path

import pandas as pd

from pipeline.corpus.image_names import ImageNames
from pipeline.corpus.images import ImageError
from pipeline.errors import UserError
from pipeline.features.precomputed.arrays import ArraySource
from pipeline.features.precomputed.base import RegionSource
from pipeline.features.precomputed.files import SUFFIXES, FileSource
from pipeline.features.precomputed.tables import TableSource

# Says which picture an id means where ids are no file names.
NAMES_FILE = "images.csv"


def open_source(path: Path) -> RegionSource:
    """The regions at a path: a .npy array, a .tsv table, or a folder of them or of single files.

    Raises:
        UserError: there is nothing of these kinds, or it is damaged.
    """
    if path.is_file() and path.suffix == ".tsv":
        return TableSource([path])
    if path.is_file() and path.suffix == ".npy":
        return ArraySource([path])
    if arrays := sorted(path.glob("*_ims.npy")):
        return ArraySource(arrays)
    if tables := sorted(path.glob("*.tsv")):
        return TableSource(tables)
    if files := sorted(file for file in path.glob("*") if file.suffix in SUFFIXES):
        return FileSource(files)
    raise UserError(
        f"{path} holds no precomputed regions; allowed: a .tsv file of bottom-up-attention, a .npy"
        " array with its _ids.txt, or a folder of *_ims.npy with *_ids.txt, of *.tsv, or of one"
        " .npy or .npz file per picture"
    )


class PictureIds:
    """Finds the id of a picture: by the table images.csv (id, image), else by the picture's name.

    `COCO/0042.jpg` has the id `COCO/0042.jpg`, `0042.jpg` or `0042`, whichever occurs.
    """

    def __init__(self, path: Path, source: RegionSource) -> None:
        """Read images.csv where it lies in the folder, or beside the file.

        Raises:
            UserError: it lacks a column, or names an id that is not there.
        """
        table = (path if path.is_dir() else path.parent) / NAMES_FILE
        self._id_of = _read_names(table) if table.is_file() else {id: id for id in source.ids}
        if unknown := sorted(set(self._id_of.values()) - set(source.ids)):
            raise UserError(
                f"{table} names {len(unknown)} ids that {path} lacks, first {unknown[0]}"
            )
        self._names = ImageNames(self._id_of)

    def find(self, picture: str) -> str:
        """The id of the picture with this file name.

        Raises:
            ImageError: it has none, or several fit.
        """
        try:
            return self._id_of[self._names.find(picture)]
        except ImageError as error:
            reason = str(error).replace("file", "id")
            raise ImageError(reason) from None


def _read_names(table: Path) -> dict[str, str]:
    """The id of each picture by its name."""
    try:
        rows = pd.read_csv(table, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (OSError, ValueError) as error:  # pandas' own errors are ValueErrors
        raise UserError(f"{table} cannot be read as CSV: {error}") from None
    if missing := [name for name in ("id", "image") if name not in rows]:
        raise UserError(f"{table}: needs the columns id and image; missing: {', '.join(missing)}")
    names: dict[str, str] = {}
    for id, image in zip(rows["id"], rows["image"], strict=True):
        if (known := names.setdefault(image, id)) != id:
            raise UserError(f"{table}: {image} has two ids, {known} and {id}")
    return names
