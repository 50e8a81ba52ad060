"""Checks precomputed regions against a corpus before any row is computed."""

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from pipeline.encoders.regions.precomputed.base import check_fit
from pipeline.encoders.regions.precomputed.source import NAMES_FILE, ImageIds, RegionSource
from pipeline.encoders.rows.images import ImageEntry
from pipeline.errors import UserError
from pipeline.faults import list_faults
from pipeline.images.files import ImageError

_SHOWN_IDS = 3
_HINT = (
    "An id is an image's file name with or without its ending; where it is not, put a"
    f" table {NAMES_FILE} with the columns id and image beside the features."
)


class RegionCheck:
    """Reads the regions of every image once; as text, the counts.

    id_of: the id of each image by its key.

    Raises:
        UserError: images have no regions, or unusable ones: their number, the first ten of each,
            and the counts.
    """

    def __init__(
        self,
        path: Path,
        source: RegionSource,
        ids: ImageIds,
        images: Sequence[ImageEntry],
        count: int,
    ) -> None:
        self._path, self._source, self._ids, self._count = path, source, ids, count
        self.id_of: dict[str, str] = {}
        self._regions: list[int] = []
        self._without_boxes = 0
        self._absent: list[str] = []
        self._damaged: list[str] = []
        for image in tqdm(images, desc="check", unit="image", leave=False):
            self._read(image)
        faults = []
        if self._absent:
            faults.append(list_faults("images without regions", self._absent, _HINT))
        if self._damaged:
            faults.append(list_faults("images whose regions cannot be used", self._damaged))
        if faults:
            raise UserError("\n".join([str(self), *faults]))

    def __str__(self) -> str:
        ids = list(self._source.ids)
        used = set(self.id_of.values())
        unused = [id for id in ids if id not in used]
        first = f", first {', '.join(unused[:_SHOWN_IDS])}" if unused else ""
        return "\n".join(
            [
                f"{self._path}: {self._source.format}, {len(ids):,} ids,"
                f" {self._source.feature_dim} values per region",
                f"images with regions: {len(self._regions):,}",
                f"  with fewer than {self._count} (the rest is masked):"
                f" {sum(n < self._count for n in self._regions):,}",
                f"  with more than {self._count} (the first ones are taken):"
                f" {sum(n > self._count for n in self._regions):,}",
                f"  without boxes: {self._without_boxes:,}",
                f"ids that no image has: {len(unused):,}{first}",
            ]
        )

    def _read(self, image: ImageEntry) -> None:
        try:
            id = self._ids.find(image.name)
        except ImageError as error:
            self._absent.append(f"{image.name}: {error}")
            return
        self.id_of[image.key] = id
        try:
            found = self._source.read(id)
            check_fit(found, image.size)
        except UserError as error:
            self._damaged.append(f"{image.name}: {error}")
            return
        self._regions.append(len(found.features))
        self._without_boxes += found.boxes is None
