import importlib
import sys
from concurrent.futures import ProcessPoolExecutor

import pytest

from pipeline.encoders.detectors import load_detector
from pipeline.errors import UserError
from tests.encoders.rows.fresh_process import FRESH


def test_an_unknown_detector_names_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"'yolo'; allowed: fasterrcnn_lite, fasterrcnn_resnet50"):
        load_detector("yolo")


def test_without_detectron2_it_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pipeline.encoders.detectors.detectron2", None)
    with pytest.raises(UserError, match=r"pip install .*-r requirements-detectron2\.txt"):
        load_detector("detectron2:COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml")


def backends_after_import() -> list[str]:
    importlib.import_module("pipeline.encoders.regions.encoder")
    return [name for name in sys.modules if name.startswith("pipeline.encoders.detectors.")]


def test_backends_are_imported_only_when_chosen() -> None:
    with ProcessPoolExecutor(1, FRESH) as pool:
        found = pool.submit(backends_after_import).result()
    assert found == ["pipeline.encoders.detectors.base"]
