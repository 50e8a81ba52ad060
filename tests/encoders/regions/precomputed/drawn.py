"""Precomputed regions in the formats that are in use, drawn at random."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from pipeline.encoders.regions.precomputed.base import ImageRegions

Array = npt.NDArray[np.float32]
WIDTH = 8


def regions(seed: int, count: int = 3, size: tuple[int, int] = (30, 40)) -> ImageRegions:
    """Regions of an image of `size`, height and width."""
    random = np.random.default_rng(seed)
    corners = np.sort(random.random((count, 2, 2)), axis=1) * [size[1], size[0]]
    features = random.random((count, WIDTH)).astype(np.float32)
    return ImageRegions(features, corners.reshape(count, 4).astype(np.float32), size)


def tsv_line(id: str, found: ImageRegions) -> bytes:
    assert found.boxes is not None
    assert found.size is not None
    cells = [id, str(found.size[1]), str(found.size[0]), str(len(found.features))]
    arrays = [b64encode(values.tobytes()) for values in (found.boxes, found.features)]
    return b"\t".join([*(cell.encode() for cell in cells), *arrays]) + b"\n"


def write_tsv(path: Path, rows: Mapping[str, ImageRegions]) -> Path:
    path.write_bytes(b"".join(tsv_line(id, found) for id, found in rows.items()))
    return path


def write_arrays(folder: Path, split: str, ids: Sequence[str], features: Array) -> Path:
    """features: (n, R, D)."""
    folder.mkdir(exist_ok=True)
    np.save(folder / f"{split}_ims.npy", features)
    (folder / f"{split}_ids.txt").write_text("".join(f"{id}\n" for id in ids))
    return folder


def write_archive(path: Path, found: ImageRegions) -> None:
    assert found.boxes is not None
    assert found.size is not None
    height, width = found.size
    np.savez(path, x=found.features, bbox=found.boxes, image_h=height, image_w=width)
