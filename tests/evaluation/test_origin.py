"""Metrics say what computed them."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.evaluation.origin import processor, write_origin

CPU = torch.device("cpu")
ENTRY = "processor\t: 0\nvendor_id\t: Maker\nmodel name\t: Maker: Fast 9\nflags\t: fpu\n"


def test_the_processor_has_its_models_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "read_text", lambda *_, **__: ENTRY)
    assert processor(CPU) == "Maker: Fast 9"


def test_without_linux_the_processor_still_has_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> str:
        raise FileNotFoundError

    monkeypatch.setattr(Path, "read_text", fail)
    assert processor(CPU)


def test_the_origin_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "origin.json"
    write_origin(path, CPU)
    text = path.read_text()
    assert text.count("\n") == 1
    found = json.loads(text)
    assert found["processor"] == processor(CPU)
    assert found["numpy"] == np.__version__
