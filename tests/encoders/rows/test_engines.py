"""Which engine is chosen, and what must travel to the processes of a cluster."""

import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from pipeline.encoders.bert.encoder import BertEncoder
from pipeline.encoders.detectors import load_detector
from pipeline.encoders.detectors.base import DetectedBatch
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.encoder import Encoder, identity
from pipeline.encoders.rows.extract import choose_engine, extract
from pipeline.errors import UserError
from pipeline.images.source import ImageSource, StoredImage
from tests.encoders.bert.tiny_bert import save_tiny_bert
from tests.encoders.regions.test_encoder import OneBox
from tests.images.drawn import drawn_image, zip_of
from tests.tiny import tiny_params

CPU = torch.device("cpu")


def test_one_process_is_the_default() -> None:
    assert choose_engine(tiny_params().compute, CPU) is extract


def test_a_cluster_without_ray_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pipeline.encoders.rows.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not there
    with pytest.raises(UserError, match=r"'ray': .*requirements-cluster\.txt"):
        choose_engine(tiny_params({"compute.engine": "ray"}).compute, CPU)


def sent(value: Any) -> Any:
    """A value as another process gets it."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("place", ["image.zip", "images"])
def test_images_that_were_sent_are_read_from_one_source(tmp_path: Path, place: str) -> None:
    files = {"a.png": drawn_image(10), "b.png": drawn_image(20)}
    if place == "images":
        (tmp_path / place).mkdir()
        for name, data in files.items():
            (tmp_path / place / name).write_bytes(data)
    else:
        zip_of(tmp_path / place, files)
    with ImageSource.open(tmp_path / place) as source:
        images = [StoredImage(source, name, "") for name in files]
    first, second = sent(images[0]), sent(images[1])
    assert first.source is second.source
    assert (first.source.read("a.png").data, second.source.read("b.png").data) == tuple(
        files.values()
    )


class Shown:
    def open(self) -> Any:
        return Image.linear_gradient("L").convert("RGB").resize((90, 60))


def lite(_: Path) -> tuple[Encoder, Any]:
    return RegionEncoder("lite", load_detector("fasterrcnn_lite", None), 4, CPU), Shown()


def bert(folder: Path) -> tuple[Encoder, Any]:
    return BertEncoder(save_tiny_bert(folder), -1, "mean", CPU), ["a", "red", "dog"]


def doubling(graph: Any, _: Any) -> Callable[..., Any]:
    """A compiler by whose values a compiled trunk is told from another."""
    return lambda *inputs: [2 * value for value in graph(*inputs)]


class OneValue(OneBox):
    """Its features are what the trunk makes of 1.5."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = nn.ReLU()

    def compile_trunk(self) -> None:
        self.trunk.compile(backend=doubling)

    def detect(self, *arguments: Any) -> DetectedBatch:
        found = super().detect(*arguments)
        return replace(found, features=self.trunk(found.features))


def compiled(_: Path) -> tuple[Encoder, Any]:
    return RegionEncoder("one", OneValue(), 4, CPU, compile_trunk=True), Shown()


def test_a_compiled_trunk_is_told_by_its_values(tmp_path: Path) -> None:
    encoder, source = compiled(tmp_path)
    (row,) = encoder.encode([encoder.load(source)])
    assert row["features"][0].tolist() == [3.0, 3.0]


@pytest.mark.parametrize("make", [lite, compiled, bert])
def test_an_encoder_that_was_sent_computes_the_same_row(
    tmp_path: Path, make: Callable[[Path], tuple[Encoder, Any]]
) -> None:
    encoder, source = make(tmp_path)
    other = sent(encoder)
    assert identity(other) == identity(encoder)
    batch = [source] * encoder.batch_size
    rows = [e.encode([e.load(item) for item in batch])[0] for e in (encoder, other)]
    for name, values in rows[0].items():
        np.testing.assert_array_equal(rows[1][name], values)
