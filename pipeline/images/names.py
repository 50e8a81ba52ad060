"""Resolves the image cells of tables to files."""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable

from pipeline.images.files import ImageError

SUFFIXES = (".jpg", ".jpeg", ".png", ".gif", ".webp", ".bmp", ".tif", ".tiff")


class ImageNames:
    """Finds a file by path, else by base name, else by stem, where only one file fits.

    A cell `a/1.jpg` means the file `a/1.jpg`; `1.jpg` also means `image/1.jpg`, and `1` or `1.png`
    also mean `image/1.jpg`.
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._files: list[dict[str, list[str]]] = [defaultdict(list) for _ in _SHORTENED]
        for name in names:
            path = _composed(name)
            for files, shortened in zip(self._files, _SHORTENED, strict=True):
                files[shortened(path)].append(name)

    def find(self, cell: str) -> str:
        """The name of the file that `cell` means.

        Raises:
            ImageError: no file fits, or several do.
        """
        path = _composed(cell)
        for files, shortened in zip(self._files, _SHORTENED, strict=True):
            if fitting := files.get(shortened(path)):
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


def _base(path: str) -> str:
    return path.rpartition("/")[2]


def _stem(path: str) -> str:
    base = _base(path)
    suffix = next((suffix for suffix in SUFFIXES if base.lower().endswith(suffix)), "")
    return base[: len(base) - len(suffix)]


_SHORTENED: tuple[Callable[[str], str], ...] = (str, _base, _stem)
