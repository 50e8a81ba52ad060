"""What each encoder makes of a few fixed sources, and the golden file that holds it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL.Image import Image
from safetensors.numpy import load_file
from torchvision.models.detection import fasterrcnn_resnet50_fpn

from pipeline.encoders.bert.encoder import BertEncoder, load_bert
from pipeline.encoders.clip.encoder import ClipImageEncoder, ClipTextEncoder, load_clip
from pipeline.encoders.detectors import lite, load_detector, torchvision
from pipeline.encoders.glove.glove import REVISION as GLOVE_REVISION
from pipeline.encoders.glove.glove import embed_glove
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.regions.precomputed.encoder import PrecomputedEncoder
from pipeline.encoders.rows.encoder import Encoder
from pipeline.encoders.rows.images import ImageEntry
from pipeline.encoders.scenes.encoder import SceneEncoder, load_trunk
from pipeline.images.decoding import ImageBytes
from pipeline.images.source import ImageSource, StoredImage
from tests.encoders.clip.tiny_clip import save_tiny_clip
from tests.encoders.regions.precomputed.drawn import regions as drawn_regions
from tests.encoders.regions.precomputed.drawn import write_tsv

FOLDER = Path(__file__).parent
CPU = torch.device("cpu")
REGIONS = 4
# Of odd sizes, so that resizing matters.
IMAGES = tuple(ImageBytes((FOLDER / f"{name}.png").read_bytes()) for name in ("wide", "high"))
TEXTS = (
    ["<user>", "my", "grandmother's", "unbelievable", "dog", "😀", "<hashtag>"],
    ["a", "red", "bike", "leans", "against", "the", "wall", "."],
)

# Another processor sums in another order. That moves a float16 by one step, 0.001 of its value, and
# the float32 of boxes and scores by less; another resize filter moves them by tenths.
TOLERANCE = 0.002

Arrays = dict[str, npt.NDArray[Any]]


def golden_file(name: str) -> Path:
    """Where the rows of an encoder's present revision lie."""
    return FOLDER / f"{name}-r{CASES[name][0]}.safetensors"


def compute(name: str) -> Arrays:
    """The arrays of an encoder's rows, by the number of the source and the field."""
    with TemporaryDirectory() as folder:
        return CASES[name][1](Path(folder))


def changed(name: str) -> list[str]:
    """The arrays that are not those of the golden file."""
    golden, found = load_file(golden_file(name)), compute(name)
    return [k for k in sorted(golden.keys() | found.keys()) if not _agree(golden, found, k)]


def _agree(golden: Arrays, found: Arrays, key: str) -> bool:
    if key not in golden or key not in found:
        return False
    one, other = golden[key], found[key]
    if (one.shape, one.dtype) != (other.shape, other.dtype):
        return False
    return np.allclose(other.astype(np.float64), one, rtol=TOLERANCE, atol=TOLERANCE)


def _lite(_: Path) -> Arrays:
    detector = load_detector("fasterrcnn_lite")
    return _rows(RegionEncoder("lite", detector, REGIONS, CPU), IMAGES)


class _Strip:
    """A part so narrow that the detector, which makes the longer side 1333, takes a second."""

    def open(self) -> Image:
        return IMAGES[0].open().crop((0, 70, 211, 91))


def _torchvision(folder: Path) -> Arrays:
    torch.manual_seed(0)
    model = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=91)
    torch.save(model.state_dict(), folder / "untrained.pth")
    detector = load_detector("fasterrcnn_resnet50_fpn", folder / "untrained.pth")
    return _rows(RegionEncoder("torchvision", detector, REGIONS, CPU), [_Strip()])


def _precomputed(folder: Path) -> Arrays:
    with ImageSource.open(FOLDER) as source:
        images = [
            StoredImage(source, name, source.read(name).key) for name in ("wide.png", "high.png")
        ]
        sizes = [(image.open().height, image.open().width) for image in images]
        # As from copies of twice the size.
        found = {
            image.name: drawn_regions(seed, REGIONS - 1, (2 * height, 2 * width))
            for seed, (image, (height, width)) in enumerate(zip(images, sizes, strict=True))
        }
        entries = [
            ImageEntry(image.key, image.name, size)
            for image, size in zip(images, sizes, strict=True)
        ]
        path = write_tsv(folder / "regions.tsv", found)
        return _rows(PrecomputedEncoder(path, entries, REGIONS), images)


def _scenes(_: Path) -> Arrays:
    trunk = load_trunk("efficientnet_lite0")
    return _rows(SceneEncoder("efficientnet_lite0", trunk, CPU), IMAGES)


def _bert(_: Path) -> Arrays:
    return _rows(load_bert("minilm", None, -1, "mean", CPU), TEXTS)


def _clip_images(folder: Path) -> Arrays:
    images, _ = load_clip(str(save_tiny_clip(folder)), None, "clip", CPU)
    return _rows(images, IMAGES)


def _clip_texts(folder: Path) -> Arrays:
    _, texts = load_clip(str(save_tiny_clip(folder)), None, "clip", CPU)
    return _rows(texts, TEXTS)


def _glove(_: Path) -> Arrays:
    texts = {str(number): words for number, words in enumerate(TEXTS)}
    found, _coverage = embed_glove(Path("glove.h5"), texts, "glove-6b-50d", "mean")
    return {"vectors": found.vectors, "known": found.known, "word_ids": found.word_ids}


def _rows(encoder: Encoder, sources: Sequence[Any]) -> Arrays:
    arrays: Arrays = {}
    for number, source in enumerate(sources):
        batch = [encoder.load(source)] * encoder.batch_size
        row = encoder.encode(batch)[0]
        arrays |= {f"{number}.{name}": np.ascontiguousarray(row[name]) for name in row}
    return arrays


# The revision of each, and what computes its rows.
CASES: dict[str, tuple[Any, Callable[[Path], Arrays]]] = {
    "lite": (f"{RegionEncoder.revision}.{lite.REVISION}", _lite),
    "torchvision": (f"{RegionEncoder.revision}.{torchvision.REVISION}", _torchvision),
    "precomputed": (PrecomputedEncoder.revision, _precomputed),
    "scenes": (SceneEncoder.revision, _scenes),
    "bert": (BertEncoder.revision, _bert),
    "clip-images": (ClipImageEncoder.revision, _clip_images),
    "clip-texts": (ClipTextEncoder.revision, _clip_texts),
    "glove": (GLOVE_REVISION, _glove),
}
