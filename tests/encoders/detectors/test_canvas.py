"""Canvases of real and drawn sizes: little padding, and few enough that batches are full."""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest

from pipeline.encoders.detectors.canvas import canvas_of
from pipeline.encoders.detectors.torchvision import _resized
from pipeline.images.files import ImageError
from pipeline.images.source import ImageSource

Size = tuple[int, int]
BATCH, WAITING = 8, 64
MVSA = Path(os.environ.get("REAL_DATA", "")) / "mvsa" / "image.zip"


def real_sizes() -> list[Size]:
    """Of the pictures of MVSA-Single at 800 pixels."""
    sizes = []
    with ImageSource.open(MVSA) as source:
        for name in source.names():
            try:
                image = source.read(name).open()
            except ImageError:
                continue
            sizes.append(_resized(image.height, image.width, 800, 1333))
    return sizes


def drawn_sizes() -> list[Size]:
    """Of cameras, screens and crops of them, at 800 pixels."""
    random, shapes = Random(0), [3 / 4, 2 / 3, 9 / 16, 1.0]
    ratios = [random.choice([*shapes, random.uniform(0.3, 1)]) for _ in range(3000)]
    sides = [(1000, round(1000 * ratio)) for ratio in ratios]
    return [_resized(*random.sample(pair, 2), 800, 1333) for pair in sides]


def batch_lengths(canvases: Iterable[Size]) -> list[int]:
    """As extraction makes batches: a full one, or the largest where too many images wait."""
    waiting: Counter[Size] = Counter()
    lengths = []
    for canvas in canvases:
        waiting[canvas] += 1
        largest, count = waiting.most_common(1)[0]
        if count == BATCH or waiting.total() >= WAITING:
            lengths.append(waiting.pop(largest))
    return lengths + list(waiting.values())


def assert_good(sizes: list[Size]) -> None:
    Random(1).shuffle(sizes)
    canvases = [canvas_of(size) for size in sizes]
    lengths = batch_lengths(canvases)
    assert sum(lengths) == len(sizes)
    assert sum(lengths) / (BATCH * len(lengths)) >= 0.9
    ratios = [c[0] * c[1] / (s[0] * s[1]) for c, s in zip(canvases, sizes, strict=True)]
    assert max(ratios) <= 1.25
    assert sum(ratios) / len(ratios) <= 1.12


@pytest.mark.skipif(not MVSA.is_file(), reason="REAL_DATA names no folder with MVSA-Single")
def test_real_pictures_fill_batches_with_little_padding() -> None:
    assert_good(real_sizes())


def test_drawn_pictures_fill_batches_with_little_padding() -> None:
    assert_good(drawn_sizes())


@pytest.mark.parametrize("seed", range(3))
def test_any_size_fits_its_canvas(seed: int) -> None:
    random = Random(seed)
    for _ in range(2000):
        size = (random.randint(1, 3000), random.randint(1, 3000))
        canvas = canvas_of(size)
        assert all(outer >= inner for outer, inner in zip(canvas, size, strict=True))
        assert canvas[0] % 32 == canvas[1] % 32 == 0
        own = -(-size[0] // 32) * -(-size[1] // 32) * 32**2
        assert canvas[0] * canvas[1] <= max(1.25 * size[0] * size[1], own)
