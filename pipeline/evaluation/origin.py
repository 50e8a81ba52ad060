"""What computed the metrics: on another processor, or with other versions, last digits differ."""

import json
import platform
from importlib.metadata import version
from pathlib import Path

import torch

from pipeline.files import write_text

_VERSIONS = ("torch", "numpy", "scikit-learn")


def write_origin(path: Path, device: torch.device) -> None:
    """JSON on one line: the processor of this device, and the versions of what computes."""
    origin = {"processor": processor(device), **{name: version(name) for name in _VERSIONS}}
    write_text(path, json.dumps(origin) + "\n")


def processor(device: torch.device) -> str:
    """The model's name of a GPU, or of the CPU where the system tells it."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:  # not Linux
        lines = []
    names = (line.partition(": ")[2] for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())
