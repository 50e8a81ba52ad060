"""How far features move on a GPU, whose trunk computes in bfloat16; without one, on the CPU."""

from random import Random

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.ops import box_area, box_iou
from torchvision.transforms.functional import to_tensor

from pipeline.core.device import takes_batches, trunk_layout
from pipeline.encoders.detectors import faster_rcnn, load_detector
from pipeline.encoders.detectors.base import Detections
from pipeline.sample.scenes import compose, paint
from pipeline.sample.themes import THEMES

SIDE = 256


@pytest.fixture(scope="module")
def images() -> Tensor:
    scenes = []
    for number, theme in enumerate(sorted(THEMES)):
        rng = Random(number)
        image, _ = paint(compose(rng, theme, THEMES[theme].object_types), rng)
        scenes.append(to_tensor(image.resize((SIDE, SIDE))))
    return torch.stack(scenes)  # B x 3 x 256 x 256


def detect(images: Tensor, device: str) -> list[Detections]:
    place = torch.device(device)
    detector = load_detector("fasterrcnn_lite")
    detector.to(place)
    # On a GPU, pixels come as bytes.
    levels = (images * 255).round().to(torch.uint8) if takes_batches(place) else images
    pixels = levels.to(place, memory_format=trunk_layout(place))
    with torch.inference_mode():
        return detector.detect(pixels, [(SIDE, SIDE)] * len(pixels), 36, "top_conf")


def level(boxes: Tensor) -> Tensor:
    """The pyramid level of each box, Eq. 1 of Lin et al. (CVPR 2017)."""
    return (4 + torch.log2(box_area(boxes).sqrt() / 224)).floor()


@pytest.mark.parametrize(
    "device",
    [
        "cpu",
        pytest.param(
            "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
        ),
    ],
)
def test_regions_and_features_stay(
    images: Tensor, monkeypatch: pytest.MonkeyPatch, device: str
) -> None:
    expected = detect(images, "cpu")
    if device == "cpu":
        precision = torch.autocast("cpu", torch.bfloat16)
        monkeypatch.setattr(faster_rcnn, "trunk_precision", lambda _: precision)
    overlaps, cosines, means = [], [], []
    for wanted, found in zip(expected, detect(images, device), strict=True):
        overlap, nearest = box_iou(wanted.boxes, found.boxes.cpu()).max(1)
        overlaps.append(overlap)
        features = found.features.cpu()
        nearest_boxes = found.boxes.cpu()[nearest]
        # A box of nearly 224 x 224 may be pooled from another level of the pyramid after rounding.
        kept = (overlap > 0.9) & (level(wanted.boxes) == level(nearest_boxes))
        cosines.append(F.cosine_similarity(wanted.features, features[nearest])[kept])
        means.append(F.cosine_similarity(wanted.features.mean(0), features.mean(0), dim=0))
    assert torch.cat(overlaps).gt(0.5).float().mean() > 0.95
    assert torch.cat(cosines).min() > 0.998
    assert torch.stack(means).min() > 0.995
