from pathlib import Path
from typing import Any
from urllib.error import URLError

import numpy as np
import pytest
import torch
from PIL import Image

pytest.importorskip("detectron2", reason="detectron2 is optional: requirements-detectron2.txt")

from detectron2.config import get_cfg
from detectron2.data.transforms import ResizeShortestEdge
from detectron2.modeling import build_model
from detectron2.structures import Boxes

from pipeline.encoders.detectors import load_detector
from pipeline.encoders.detectors.detectron2 import weights as weights_module
from pipeline.encoders.detectors.detectron2.configuration import read_settings
from pipeline.encoders.detectors.detectron2.detector import Detectron2Detector
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import identity
from pipeline.errors import UserError
from tests.encoders.detectors.detectron2.small import (
    C4,
    FPN,
    untrained,
    write_yaml,
    write_zoo_file,
)

WIDTHS = {"fpn": 32, "c4": 512}


def load(folder: Path, text: str) -> Detectron2Detector:
    path = write_yaml(folder, text)
    tensors = untrained(build_model(read_settings(path)))
    found = load_detector(f"detectron2:{path}", write_zoo_file(folder / "w.pkl", tensors))
    assert isinstance(found, Detectron2Detector)
    return found


@pytest.fixture(scope="module", params=["fpn", "c4"])
def detector(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp(request.param)
    found = load(folder, {"fpn": FPN, "c4": C4}[request.param])
    assert found.feature_dim == WIDTHS[request.param]
    return found


def drawn_image(width: int, height: int, seed: int = 1) -> Image.Image:
    noise = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(noise)


@pytest.mark.parametrize(("width", "height"), [(80, 60), (60, 80), (200, 40)])
def test_images_are_prepared_as_detectron2_does(
    detector: Detectron2Detector, width: int, height: int
) -> None:
    image = drawn_image(width, height)
    bgr = np.asarray(image)[:, :, ::-1]
    resized = ResizeShortestEdge([64, 64], 96).get_transform(bgr).apply_image(bgr)
    pixels = torch.from_numpy(resized.astype("float32").transpose(2, 0, 1))
    theirs = detector._model.preprocess_image([{"image": pixels}])
    ours = detector.prepare(image)
    assert ours.size == theirs.image_sizes[0]
    torch.testing.assert_close(ours.pixels, theirs.tensor[0], rtol=0, atol=0)


@pytest.mark.parametrize(("width", "height"), [(4000, 1), (1, 4000), (1, 1)])
def test_extreme_images_are_prepared_too(
    detector: Detectron2Detector, width: int, height: int
) -> None:
    prepared = detector.prepare(drawn_image(width, height))
    assert 1 <= min(prepared.size) <= max(prepared.size) <= 96


@torch.inference_mode()
def test_features_are_those_read_from_the_model_by_hand(detector: Detectron2Detector) -> None:
    prepared = detector.prepare(drawn_image(80, 60))
    (found,) = detector.detect(prepared.pixels[None], [prepared.size], 12, "top_conf")
    assert found.mask.all()
    model = detector._model
    maps = model.backbone(prepared.pixels[None])
    heads, boxes = model.roi_heads, [Boxes(found.boxes)]
    if hasattr(heads, "res5"):
        by_hand = heads.res5(heads.pooler([maps["res4"]], boxes)).mean(3).mean(2)
    else:
        levels = [maps[name] for name in ("p2", "p3", "p4", "p5")]
        by_hand = heads.box_head(heads.box_pooler(levels, boxes))
    torch.testing.assert_close(found.features, by_hand)
    # detectron2's own way from boxes to probabilities; its background comes last.
    logits = heads.box_predictor.cls_score(by_hand)
    probabilities = logits.softmax(1)[:, :5]
    torch.testing.assert_close(found.scores, probabilities.amax(1))
    assert torch.equal(found.classes, probabilities.argmax(1) + 1)


@torch.inference_mode()
def test_boxes_are_those_that_detectron2_predicts(detector: Detectron2Detector) -> None:
    """With every threshold open, its own inference gives each proposal's box for every class."""
    prepared = detector.prepare(drawn_image(80, 60))
    (found,) = detector.detect(prepared.pixels[None], [prepared.size], 12, "top_conf")
    model, predictor = detector._model, detector._model.roi_heads.box_predictor
    thresholds = (
        predictor.test_score_thresh,
        predictor.test_nms_thresh,
        predictor.test_topk_per_image,
    )
    predictor.test_score_thresh, predictor.test_nms_thresh, predictor.test_topk_per_image = 0, 1, -1
    try:
        image = {"image": prepared.pixels * model.pixel_std + model.pixel_mean}
        image["image"] = image["image"][:, : prepared.size[0], : prepared.size[1]]
        (theirs,) = model.inference([image], do_postprocess=False)
    finally:
        (
            predictor.test_score_thresh,
            predictor.test_nms_thresh,
            predictor.test_topk_per_image,
        ) = thresholds
    nearest = torch.cdist(found.boxes, theirs.pred_boxes.tensor, p=1).amin(1)
    assert nearest.max() < 1e-2


@torch.inference_mode()
def test_a_image_does_not_depend_on_its_batch(detector: Detectron2Detector) -> None:
    prepared = [detector.prepare(drawn_image(80, 60, seed)) for seed in range(3)]
    pixels = torch.stack([item.pixels for item in prepared])
    together = detector.detect(pixels, [item.size for item in prepared], 12, "top_conf")
    for i, item in enumerate(prepared):
        (alone,) = detector.detect(item.pixels[None], [item.size], 12, "top_conf")
        torch.testing.assert_close(together[i].boxes, alone.boxes, rtol=1e-4, atol=1e-3)
        torch.testing.assert_close(together[i].features, alone.features, rtol=1e-3, atol=1e-3)


def test_rows_are_those_of_any_detector(detector: Detectron2Detector, tmp_path: Path) -> None:
    class Shown:
        def open(self) -> Image.Image:
            return drawn_image(80, 60)

    encoder = RegionEncoder("detectron2", detector, 36, torch.device("cpu"))
    (row,) = encoder.encode([encoder.load(Shown())])  # type: ignore[arg-type]
    RowCache(tmp_path, encoder).write({"ab" * 32: row})  # refuses what is not as declared
    assert row["boxes"].max() <= 80
    assert (np.diff(row["scores"]) <= 0).all()
    assert identity(encoder) == identity(
        RegionEncoder("detectron2", detector, 36, torch.device("cpu"))
    )


def test_one_box_for_all_classes_is_understood(tmp_path: Path) -> None:
    detector = load(tmp_path, FPN.replace("NUM_FC", "CLS_AGNOSTIC_BBOX_REG: true, NUM_FC"))
    prepared = detector.prepare(drawn_image(80, 60))
    with torch.inference_mode():
        (found,) = detector.detect(prepared.pixels[None], [prepared.size], 12, "top_conf")
    assert found.mask.all()


@pytest.mark.parametrize(
    "name",
    [
        "Misc/cascade_mask_rcnn_R_50_FPN_1x.yaml",
        "COCO-Detection/rpn_R_50_FPN_1x.yaml",
    ],
)
def test_another_kind_of_model_is_refused(name: str) -> None:
    with pytest.raises(
        UserError, match=f"{name} is a .* allowed: a Faster R-CNN with one box head"
    ):
        load_detector(f"detectron2:{name}")


def test_without_a_network_it_says_what_to_download(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_network(*_: object, **__: object) -> None:
        raise URLError("no network")

    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(UserError) as caught:
        weights_module.fetch_zoo_weights("COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml")
    for part in ("137849458/model_final_280758.pkl", str(tmp_path), "params.yaml (weights)"):
        assert part in str(caught.value)


def test_caffe_layers_are_those_of_bottom_up_attention(tmp_path: Path) -> None:
    keys = "CAFFE_MAXPOOL: true\n  PROPOSAL_GENERATOR: {HID_CHANNELS: 24}\n  ROI_BOX_HEAD:"
    text = C4.replace("RESNETS:", f"{keys} {{RES5HALVE: false}}\n  RESNETS:")
    text = text.replace("DEPTH: 18, RES2_OUT_CHANNELS: 64", "DEPTH: 50")
    (path := write_yaml(tmp_path, text))
    model = build_model(read_settings(path))
    assert model.proposal_generator.rpn_head.conv.out_channels == 24
    detector = load(tmp_path, text)
    heads, stem = detector._model.roi_heads, detector._model.backbone.stem
    with torch.inference_mode():
        # As Caffe's pooling: ceil((31 - 3) / 2) + 1 where a padded one has 16.
        assert stem(torch.zeros(1, 3, 61, 61)).shape[2:] == (15, 15)
        # Caffe keeps the 14 x 14 of the pooled region, and reaches twice as far instead.
        assert heads.res5(torch.zeros(1, 1024, 14, 14)).shape == (1, 2048, 14, 14)
    assert {block.conv2.dilation for block in heads.res5} == {(2, 2)}


def test_defaults_are_detectron2_s_own(tmp_path: Path) -> None:
    found = read_settings(write_yaml(tmp_path, "VERSION: 2\n"))
    theirs = get_cfg()
    assert found.INPUT == theirs.INPUT
    assert found.MODEL.RPN == theirs.MODEL.RPN
