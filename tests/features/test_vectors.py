"""Regions in the slots that params.yaml asks for."""

from pathlib import Path

import numpy as np

from pipeline.features.store import RegionFeatures
from pipeline.features.vectors import region_order


def image(
    boxes: list[list[float]], scores: list[float], mask: list[bool], size: tuple[int, int]
) -> RegionFeatures:
    count = len(boxes)
    return RegionFeatures(
        path=Path("regions.h5"),
        keys=np.array([b"key"]),
        fingerprint={},
        features=np.zeros((1, count, 2), "f2"),
        boxes=np.array([boxes], "f4"),
        scores=np.array([scores], "f4"),
        classes=np.zeros((1, count), "i2"),
        mask=np.array([mask]),
        size=np.array([size], "i4"),
        status=np.zeros(1, "u1"),
        class_names=["thing"],
    )


BOXES = [[50, 0, 60, 10], [0, 4, 10, 14], [0, 60, 40, 100], [0, 0, 0, 0]]
HERE = image(BOXES, [0.2, 0.9, 0.5, 1.0], [True, True, True, False], (100, 100))


def test_missing_regions_come_last_in_every_order() -> None:
    assert region_order(HERE, "conf").tolist() == [[1, 2, 0, 3]]
    assert region_order(HERE, "area").tolist() == [[2, 1, 0, 3]]


def test_raster_reads_lines_from_left_to_right() -> None:
    """Boxes 0 and 1 share the upper of two lines, though 0 begins higher."""
    assert region_order(HERE, "raster").tolist() == [[1, 0, 2, 3]]


def test_equal_scores_go_by_area_and_then_from_left_to_right() -> None:
    boxes = [[30, 0, 40, 10], [0, 0, 20, 20], [5, 50, 15, 60], [50, 50, 60, 60]]
    found = region_order(image(boxes, [0.5] * 4, [True] * 4, (100, 100)), "conf")
    assert found.tolist() == [[1, 2, 0, 3]]


def test_equal_areas_go_by_score() -> None:
    boxes = [[30, 0, 40, 10], [0, 0, 10, 10], [0, 50, 20, 70]]
    found = region_order(image(boxes, [0.1, 0.9, 0.0], [True] * 3, (100, 100)), "area")
    assert found.tolist() == [[2, 1, 0]]
