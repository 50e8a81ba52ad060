"""Writes metrics files for DVC, and reads them."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.errors import not_made
from pipeline.files import write_text

_DIGITS = 6


def write_metrics(path: Path, metrics: Mapping[str, float]) -> None:
    """Write one flat JSON object of finite numbers.

    Raises:
        ValueError: a metric is not finite.
        UserError: the file cannot be written.
    """
    rounded = {name: round(value, _DIGITS) for name, value in metrics.items()}
    write_text(path, json.dumps(rounded, indent=2, allow_nan=False) + "\n")


def read_metrics(path: Path) -> dict[str, float]:
    """What `write_metrics` wrote.

    Raises:
        UserError: there is no such file.
    """
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise not_made(path) from None
