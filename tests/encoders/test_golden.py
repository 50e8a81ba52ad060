"""Rows have the values of their revision: who changes them must raise it."""

import pytest
from PIL.Image import Image, Resampling

from pipeline.encoders.detectors import lite
from tests.encoders.golden import cases
from tests.encoders.golden.__main__ import make


@pytest.mark.parametrize("name", cases.CASES)
def test_values_are_those_of_the_revision(name: str) -> None:
    advice = f"make new golden rows with `python -m {cases.__package__} {name}`"
    assert cases.golden_file(name).exists(), f"{name} has a new revision: {advice}"
    arrays = cases.changed(name)
    assert not arrays, f"values of {name} changed ({arrays}): raise its revision and {advice}"


def test_another_resize_filter_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def bicubic(image: Image) -> Image:
        return image.resize((lite.INPUT_SIZE, lite.INPUT_SIZE), Resampling.BICUBIC)

    monkeypatch.setattr(lite, "resize", bicubic)
    assert {"0.features", "0.boxes", "1.features"} <= set(cases.changed("lite"))


def test_golden_rows_are_never_overwritten() -> None:
    before = cases.golden_file("glove").read_bytes()
    with pytest.raises(SystemExit, match=r"glove-r1\.safetensors exists"):
        make("glove")
    assert cases.golden_file("glove").read_bytes() == before
