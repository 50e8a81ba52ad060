from collections.abc import Callable
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from PIL import Image
from torchvision.models import WeightsEnum
from torchvision.models.detection import (
    FasterRCNN,
    FasterRCNN_ResNet50_FPN_V2_Weights,
    FasterRCNN_ResNet50_FPN_Weights,
    fasterrcnn_resnet50_fpn,
    fasterrcnn_resnet50_fpn_v2,
)
from torchvision.transforms.functional import to_tensor

from pipeline.encoders.detectors import load_detector, torchvision
from pipeline.encoders.detectors.faster_rcnn import FasterRCNNDetector
from pipeline.errors import UserError

NAME = "fasterrcnn_resnet50_fpn"
PUBLISHED = [
    (NAME, fasterrcnn_resnet50_fpn, FasterRCNN_ResNet50_FPN_Weights.COCO_V1),
    (f"{NAME}_v2", fasterrcnn_resnet50_fpn_v2, FasterRCNN_ResNet50_FPN_V2_Weights.COCO_V1),
]


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained weights with the published ones' names and shapes."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "untrained.pth"
    model = fasterrcnn_resnet50_fpn(weights=None, weights_backbone=None, num_classes=91)
    torch.save(model.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def detector(weights: Path) -> FasterRCNNDetector:
    found = load_detector(NAME, weights)
    assert isinstance(found, FasterRCNNDetector)
    return found


def test_a_raised_revision_is_told(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = load_detector(NAME, weights).settings
    monkeypatch.setattr(torchvision, "REVISION", 2)
    assert load_detector(NAME, weights).settings == {**first, "revision": 2}


def drawn_image(width: int, height: int) -> Image.Image:
    noise = torch.randint(0, 256, (height, width, 3), generator=torch.Generator().manual_seed(1))
    return Image.fromarray(noise.to(torch.uint8).numpy())


def test_it_knows_coco_s_classes_and_its_fc7(detector: FasterRCNNDetector) -> None:
    assert detector.feature_dim == 1024
    assert len(detector.class_names) == 91
    assert detector.class_names[:3] == ["__background__", "person", "bicycle"]


@pytest.mark.parametrize(("name", "build", "published"), PUBLISHED)
def test_the_model_is_what_torchvision_makes_of_its_published_weights(
    name: str,
    build: Callable[..., FasterRCNN],
    published: WeightsEnum,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    untrained = build(weights=None, weights_backbone=None, num_classes=91).state_dict()
    # Small spreads, taken back by the scale, make the constant that is added to them show.
    for spread in [name for name in untrained if name.endswith("running_var")]:
        untrained[spread] *= 1e-4
        untrained[spread.replace("running_var", "weight")] *= 1e-2
    torch.save(untrained, tmp_path / "w.pth")
    monkeypatch.setattr(type(published), "get_state_dict", lambda *_, **__: untrained)
    theirs = build(weights=published, weights_backbone=None).eval()
    ours = load_detector(name, tmp_path / "w.pth")
    assert isinstance(ours, FasterRCNNDetector)
    pixels = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(4))
    with torch.inference_mode():
        for level, expected in theirs.backbone(pixels).items():
            torch.testing.assert_close(ours._model.backbone(pixels)[level], expected)


@pytest.mark.parametrize(("width", "height"), [(64, 48), (48, 64), (100, 25)])
def test_images_are_prepared_as_torchvision_does(
    detector: FasterRCNNDetector, width: int, height: int
) -> None:
    image = drawn_image(width, height)
    theirs, _ = detector._model.transform([to_tensor(image)])
    ours = detector.prepare(image)
    assert ours.size == theirs.image_sizes[0]
    torch.testing.assert_close(ours.pixels, theirs.tensors[0], rtol=0, atol=0)


@pytest.mark.parametrize(("width", "height"), [(4000, 1), (1, 4000), (1, 1)])
def test_extreme_images_are_prepared_too(
    detector: FasterRCNNDetector, width: int, height: int
) -> None:
    prepared = detector.prepare(drawn_image(width, height))
    assert max(prepared.size) <= 1333
    assert min(prepared.size) >= 1
    assert prepared.pixels.shape[1] % 32 == prepared.pixels.shape[2] % 32 == 0


def test_boxes_stay_within_the_image_and_out_of_the_padding(
    detector: FasterRCNNDetector,
) -> None:
    pixels = torch.zeros(1, 3, 96, 128)
    pixels[..., :70, :101] = torch.randn(3, 70, 101, generator=torch.Generator().manual_seed(2))
    with torch.inference_mode():
        (found,) = detector.detect(pixels, [(70, 101)], 36, "top_conf")
    assert found.features.shape == (36, 1024)
    assert found.mask.all()
    assert found.boxes.min() >= 0
    assert found.boxes[:, [0, 2]].max() <= 101
    assert found.boxes[:, [1, 3]].max() <= 70
    assert found.classes.min() >= 1
    assert (found.scores.diff() <= 0).all()


def test_no_image_decides_for_those_after_it(detector: FasterRCNNDetector) -> None:
    """The pooler of the box head learns the maps' scales from the first image it meets."""
    pixels = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(3))
    odd = torch.zeros(1, 3, 32, 320)
    found = []
    for first_met in (False, True):
        detector._model.roi_heads.box_roi_pool.scales = None
        with torch.inference_mode():
            if first_met:
                detector.detect(odd, [(1, 320)], 4, "top_conf")
            found.append(detector.detect(pixels, [(64, 96)], 4, "top_conf")[0])
    assert torch.equal(found[0].features, found[1].features)
    assert torch.equal(found[0].boxes, found[1].boxes)


def test_weights_of_another_detector_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(1)}, tmp_path / "w.pth")
    with pytest.raises(UserError, match=r"w.pth do not fit FasterRCNN"):
        load_detector(NAME, tmp_path / "w.pth")


def test_without_network_it_says_what_to_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(UserError, match=r"fasterrcnn_resnet50_fpn_coco-258fb6c6\.pth on a machine"):
        load_detector(NAME)
