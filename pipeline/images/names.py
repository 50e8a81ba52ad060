"""Resolves the image cells of tables to files."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable

from pipeline.images.files import ImageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff")


class ImageNames:
    """Finds a file by path, else by base name, else by stem, where only one file fits.

    A cell `a/1.jpg` means the file `a/1.jpg`; `1.jpg` also means `image/1.jpg`, and `1` or `1.png`
    also mean `image/1.jpg`. If there is a folder `a` anywhere, `a/1.jpg` means no file outside it:
    a missing picture must not become another one of the same name.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._files: dict[Hashable, list[str]] = defaultdict(list)
        self._folders: set[str] = set()
        for name in names:
            path = _composed(name)
            self._files[path].append(name)
            for folder in _folders(path):
                self._folders.add(folder)
                for shorten in _SHORTENED:
                    self._files[shorten, folder, shorten(path)].append(name)

    def find(self, cell: str) -> str:
        """The name of the file that `cell` means.

        Raises:
            ImageError: no file fits, or several do.
        """
        path = _composed(cell)
        folder = next((folder for folder in _folders(path) if folder in self._folders), "")
        keys = (path, *((shorten, folder, shorten(path)) for shorten in _SHORTENED))
        for fitting in filter(None, map(self._files.get, keys)):
            if len(fitting) > 1:
                raise ImageError(f"fits {len(fitting)} files: {', '.join(fitting[:3])}")
            return fitting[0]
        raise ImageError("no such file")

    def __contains__(self, cell: str) -> bool:
        try:
            return bool(self.find(cell))
        except ImageError:
            return False


def _composed(name: str) -> str:
    # macOS decomposes accented letters into two characters, tables mostly do not.
    return unicodedata.normalize("NFC", name.strip().replace("\\", "/").removeprefix("./"))


def _folders(path: str) -> list[str]:
    """The ends of the path's folder part, the longest first and the empty one last."""
    parts = path.split("/")[:-1]
    return ["/".join(parts[start:]) for start in range(len(parts) + 1)]


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    base = _base(path)
    suffix = next((suffix for suffix in SUFFIXES if base.lower().endswith(suffix)), "")
    return base[: len(base) - len(suffix)]


_SHORTENED: tuple[Callable[[str], str], ...] = (_base, _stem)
