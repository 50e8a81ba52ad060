"""What precomputed regions hold of a corpus, told before the first row is made of them."""

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from pipeline.corpus.faults import Faults
from pipeline.corpus.images import ImageError
from pipeline.errors import UserError
from pipeline.features.pictures import PictureEntry
from pipeline.features.precomputed.base import RegionSource, require_fit
from pipeline.features.precomputed.source import NAMES_FILE, PictureIds

_SHOWN_IDS = 3


class RegionCheck:
    """Reads the regions of every picture once and counts.

    id_of: the id of each picture by its key.

    Raises:
        UserError: pictures have no regions, or ones that cannot be used: how many, the first ten
            of each, and what is there besides.
    """

    def __init__(
        self,
        path: Path,
        source: RegionSource,
        ids: PictureIds,
        pictures: Sequence[PictureEntry],
        count: int,
    ) -> None:
        self._path, self._source, self._ids, self._count = path, source, ids, count
        self.id_of: dict[str, str] = {}
        self._regions: list[int] = []
        self._without_boxes = 0
        self._absent = Faults(
            "pictures without regions",
            "An id is a picture's file name with or without its ending; where it is not, put a"
            f" table {NAMES_FILE} with the columns id and image beside the features.",
        )
        self._damaged = Faults("pictures whose regions cannot be used")
        for picture in tqdm(pictures, desc="check", unit="picture", leave=False):
            self._read(picture)
        faults = [faults for faults in (self._absent, self._damaged) if faults.first]
        if faults:
            raise UserError("\n".join([str(self), *map(str, faults)]))

    def __str__(self) -> str:
        ids = list(self._source.ids)
        used = set(self.id_of.values())
        unused = [id for id in ids if id not in used]
        first = f", first {', '.join(unused[:_SHOWN_IDS])}" if unused else ""
        return "\n".join(
            [
                f"{self._path}: {self._source.format}, {len(ids):,} ids,"
                f" {self._source.feature_dim} values per region",
                f"pictures with regions: {len(self._regions):,}",
                f"  with fewer than {self._count} (the rest is masked):"
                f" {sum(n < self._count for n in self._regions):,}",
                f"  with more than {self._count} (the first ones are taken):"
                f" {sum(n > self._count for n in self._regions):,}",
                f"  without boxes: {self._without_boxes:,}",
                f"ids that no picture has: {len(unused):,}{first}",
            ]
        )

    def _read(self, picture: PictureEntry) -> None:
        try:
            id = self._ids.find(picture.name)
        except ImageError as error:
            self._absent.add(f"{picture.name}: {error}")
            return
        self.id_of[picture.key] = id
        try:
            found = self._source.read(id)
            require_fit(found, picture.size)
        except UserError as error:
            self._damaged.add(f"{picture.name}: {error}")
            return
        self._regions.append(len(found.features))
        self._without_boxes += found.boxes is None
