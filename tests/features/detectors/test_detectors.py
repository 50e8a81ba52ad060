import subprocess
import sys

import pytest

from pipeline.errors import UserError
from pipeline.features.detectors import load_detector


def test_an_unknown_detector_names_the_known_ones() -> None:
    with pytest.raises(UserError, match=r"'yolo'; allowed: fasterrcnn_lite, fasterrcnn_resnet50"):
        load_detector("yolo")


def test_backends_are_imported_only_when_chosen() -> None:
    code = (
        "import sys, pipeline.features.regions\n"
        "print([name for name in sys.modules if name.startswith('pipeline.features.detectors.')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['pipeline.features.detectors.base']"
