"""One file per image, named by its id: `.npy` with features, or `.npz` with boxes as well."""

from pathlib import Path

import numpy as np

from pipeline.encoders.regions.precomputed.base import Array, ImageRegions, checked, files_digest
from pipeline.errors import UserError, first_line

SUFFIXES = (".npy", ".npz")
# As common extractors name them.
_FEATURES, _BOXES = ("features", "x"), ("boxes", "bbox")
_HEIGHT, _WIDTH = "image_h", "image_w"


class FileSource:
    """A folder of files, `<id>.npy` (R, D) or `<id>.npz`.

    An archive has `features` or `x` (R, D), and maybe `boxes` or `bbox` (R, 4) and the image's
    size as `image_h` and `image_w`. Other arrays are not read.
    """

    format = "one file per image"

    def __init__(self, files: list[Path]) -> None:
        self._files: dict[str, Path] = {}
        for path in files:
            if (known := self._files.setdefault(path.stem, path)) != path:
                raise UserError(f"{known} and {path.name} have the same id; keep one of them")
        self.ids = list(self._files)
        self.digest = files_digest(files)
        first = _arrays(files[0])["features"]
        self.feature_dim = int(first.shape[-1]) if first.ndim else 0

    def read(self, id: str) -> ImageRegions:
        path = self._files[id]
        arrays = _arrays(path)
        size = None
        if "height" in arrays and "width" in arrays:
            size = (_side(path, arrays["height"]), _side(path, arrays["width"]))
        return checked(str(path), arrays["features"], arrays.get("boxes"), size, self.feature_dim)


def _arrays(path: Path) -> dict[str, Array]:
    """features, and boxes, height and width where the file has them."""
    try:
        found = np.load(path, allow_pickle=False)
        if isinstance(found, np.ndarray):
            return {"features": found}
        with found:
            return _named(path, found)
    except UserError:
        raise
    except Exception as error:  # a damaged header raises anything, from SyntaxError to zlib's own
        raise UserError(f"{path} cannot be read: {first_line(error)}; is it complete?") from None


def _named(path: Path, archive: "np.lib.npyio.NpzFile") -> dict[str, Array]:
    wanted = {"features": _FEATURES, "boxes": _BOXES, "height": (_HEIGHT,), "width": (_WIDTH,)}
    arrays = {}
    for ours, names in wanted.items():
        for name in names:
            if name in archive.files and ours not in arrays:
                arrays[ours] = archive[name]
    if "features" not in arrays:
        raise UserError(f"{path} holds {archive.files}, but no features (allowed: {_FEATURES})")
    return arrays


def _side(path: Path, array: Array) -> int:
    if array.size != 1 or array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise UserError(f"{path}: {_HEIGHT} and {_WIDTH} must be one number each")
    return int(array.item())
