"""Figures as DVC reads them."""

import json
from collections.abc import Mapping
from pathlib import Path

from pipeline.files import whole_file

_DIGITS = 6


def write_figures(path: Path, figures: Mapping[str, float]) -> None:
    """One flat JSON object of finite numbers."""
    rounded = {name: round(value, _DIGITS) for name, value in figures.items()}
    with whole_file(path) as temporary:
        temporary.write_text(json.dumps(rounded, indent=2, allow_nan=False) + "\n")
