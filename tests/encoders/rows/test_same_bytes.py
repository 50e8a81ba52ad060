"""The shipped kinds of network: a row has the same bytes whatever shares its batch or machine."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from pipeline.encoders.detectors import load_detector
from pipeline.encoders.detectors.lite import FasterRCNNLite
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Encoder
from pipeline.encoders.rows.extract import extract
from pipeline.encoders.scenes.encoder import SceneEncoder, load_trunk

CPU = torch.device("cpu")
COUNT = 4


class Shown:
    def __init__(self, number: int) -> None:
        noise = np.random.default_rng(number).integers(0, 256, (8, 8, 3), dtype=np.uint8)
        self._image = Image.fromarray(noise).resize((120 + 30 * number, 160))

    def open(self) -> Image.Image:
        return self._image


def regions(folder: Path) -> Encoder:
    torch.manual_seed(0)
    classes = ("__background__", "dog", "cat", "car")
    path = folder / "untrained.safetensors"
    save_file(FasterRCNNLite(classes).state_dict(), path, {"classes": json.dumps(classes)})
    return RegionEncoder("lite", load_detector("fasterrcnn_lite", path), 6, CPU)


def scenes(_: Path) -> Encoder:
    return SceneEncoder("efficientnet_lite0", load_trunk("efficientnet_lite0"), CPU)


@pytest.fixture
def torch_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("make", [regions, scenes])
def test_order_company_and_cores_change_nothing(
    tmp_path: Path, torch_threads: None, make: Callable[[Path], Encoder]
) -> None:
    keys = [sha256(bytes([number])).hexdigest() for number in range(COUNT)]
    encoder = make(tmp_path)
    files = []
    for threads, calls, runs in [
        (1, 1, [range(COUNT)]),
        (2, 2, [range(COUNT)[::-1]]),
        (2, 3, [[number] for number in (2, 0, 3, 1)]),
    ]:
        torch.set_num_threads(threads)
        encoder.parallel_calls = calls  # type: ignore[misc]
        files.append(_file(tmp_path, encoder, keys, runs))
    assert files[0] == files[1] == files[2]


def _file(folder: Path, encoder: Encoder, keys: list[str], runs: Sequence[Sequence[int]]) -> bytes:
    shutil.rmtree(folder / "cache", ignore_errors=True)
    cache = RowCache(folder / "cache", encoder)
    for numbers in runs:
        extract(encoder, [(keys[number], Shown(number)) for number in numbers], cache)
    assemble(folder / "out.h5", encoder, keys, cache)
    return (folder / "out.h5").read_bytes()
