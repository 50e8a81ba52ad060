"""Which file a table's image cell means."""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from pipeline.corpus.images import ImageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff")


class ImageNames:
    """Finds files by path, else by base name, else by stem, and never by a guess.

    A cell `a/1.jpg` means the file `a/1.jpg`; `1.jpg` also means `image/1.jpg`, and `1` or `1.png`
    also mean `image/1.jpg`, provided that only one file fits.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._by_path: dict[str, list[str]] = defaultdict(list)
        self._by_base: dict[str, list[str]] = defaultdict(list)
        self._by_stem: dict[str, list[str]] = defaultdict(list)
        for name in names:
            path = _composed(name)
            self._by_path[path].append(name)
            self._by_base[_base(path)].append(name)
            self._by_stem[_stem(path)].append(name)

    def find(self, cell: str) -> str:
        """The name of the file that `cell` means.

        Raises:
            ImageError: no file fits, or several do.
        """
        path = _composed(cell)
        for files, key in (
            (self._by_path, path),
            (self._by_base, _base(path)),
            (self._by_stem, _stem(path)),
        ):
            if key in files:
                return _only(files[key])
        raise ImageError("no such file")

    def __contains__(self, cell: str) -> bool:
        try:
            return bool(self.find(cell))
        except ImageError:
            return False


def _only(names: list[str]) -> str:
    if len(names) > 1:
        raise ImageError(f"fits {len(names)} files: {', '.join(names[:3])}")
    return names[0]


def _composed(name: str) -> str:
    # macOS writes accented letters as two characters, tables mostly as one.
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/").removeprefix("./"))


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    base = _base(path)
    suffix = next((suffix for suffix in SUFFIXES if base.lower().endswith(suffix)), "")
    return base[: len(base) - len(suffix)]
