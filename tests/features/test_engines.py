"""Which engine is chosen, and what must travel to the processes of a cluster."""

import pickle
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from pipeline.corpus.images import ImageSource
from pipeline.errors import UserError
from pipeline.features.bert import BertEncoder
from pipeline.features.detectors import load_detector
from pipeline.features.encoder import Encoder, identity
from pipeline.features.engines import choose_engine
from pipeline.features.extract import extract
from pipeline.features.pictures import Picture
from pipeline.features.regions import RegionEncoder
from tests.corpus.small_corpus import picture, zip_of
from tests.features.tiny_bert import save_tiny_bert
from tests.tiny import tiny_params

CPU = torch.device("cpu")


def test_one_process_is_the_default() -> None:
    assert choose_engine(tiny_params().compute, CPU) is extract


def test_a_cluster_without_ray_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "pipeline.features.cluster", raising=False)
    monkeypatch.setitem(sys.modules, "ray", None)  # as if it were not there
    with pytest.raises(UserError, match=r"'ray': .*requirements-cluster\.txt"):
        choose_engine(tiny_params({"compute.engine": "ray"}).compute, CPU)


def sent(value: Any) -> Any:
    """A value as another process gets it."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301 - our own bytes


@pytest.mark.parametrize("place", ["image.zip", "images"])
def test_pictures_that_were_sent_are_read_from_one_source(tmp_path: Path, place: str) -> None:
    files = {"a.png": picture(10), "b.png": picture(20)}
    if place == "images":
        (tmp_path / place).mkdir()
        for name, data in files.items():
            (tmp_path / place / name).write_bytes(data)
    else:
        zip_of(tmp_path / place, files)
    with ImageSource.open(tmp_path / place) as source:
        pictures = [Picture(source, name, "") for name in files]
    first, second = sent(pictures[0]), sent(pictures[1])
    assert first.source is second.source
    assert (first.source.read("a.png"), second.source.read("b.png")) == tuple(files.values())


class Shown:
    def open(self) -> Any:
        return Image.linear_gradient("L").convert("RGB").resize((90, 60))


def lite(_: Path) -> tuple[Encoder, Any]:
    return RegionEncoder("lite", load_detector("fasterrcnn_lite", None), 4, CPU), Shown()


def bert(folder: Path) -> tuple[Encoder, Any]:
    return BertEncoder(save_tiny_bert(folder), -1, "mean", CPU), ["a", "red", "dog"]


@pytest.mark.parametrize("make", [lite, bert])
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
