"""Opens precomputed regions of any format, and finds the id of an image in them."""

from pathlib import Path

import pandas as pd

from pipeline.encoders.regions.precomputed.arrays import ArraySource
from pipeline.encoders.regions.precomputed.files import SUFFIXES, FileSource
from pipeline.encoders.regions.precomputed.tables import TableSource
from pipeline.errors import UserError
from pipeline.images.files import ImageError
from pipeline.images.names import ImageNames

# Maps ids to images where ids are no file names.
NAMES_FILE = "images.csv"

# Each has its `format` in words, the `ids` of all images, `feature_dim`, and a `digest` of all that
# it reads. `read` is thread-safe, and raises a UserError for the id of damaged regions.
RegionSource = ArraySource | FileSource | TableSource


def open_source(path: Path) -> RegionSource:
    """Open a .npy array, a .tsv table, or a folder of these or of one file per image.

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
        " .npy or .npz file per image"
    )


class ImageIds:
    """Finds the id of an image: by the table images.csv (id, image), else by the image's name.

    `COCO/0042.jpg` has the id `COCO/0042.jpg`, `0042.jpg` or `0042`, whichever occurs.
    """

    def __init__(self, path: Path, source: RegionSource) -> None:
        """Read images.csv if it is in the folder, or beside the file.

        Raises:
            UserError: it lacks a column, or has an unknown id.
        """
        table = (path if path.is_dir() else path.parent) / NAMES_FILE
        self._id_of = _read_names(table) if table.is_file() else {id: id for id in source.ids}
        if unknown := sorted(set(self._id_of.values()) - set(source.ids)):
            raise UserError(
                f"{table} names {len(unknown)} ids that {path} lacks, first {unknown[0]}"
            )
        self._names = ImageNames(self._id_of)

    def find(self, image: str) -> str:
        """The id of the image with this file name.

        Raises:
            ImageError: it has none, or several fit.
        """
        try:
            return self._id_of[self._names.find(image)]
        except ImageError as error:
            reason = str(error).replace("file", "id")
            raise ImageError(reason) from None


def _read_names(table: Path) -> dict[str, str]:
    """The id of each image by its name."""
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
