"""Redrawn splits have the same posts, each once, in the same numbers."""

import csv
from pathlib import Path

import pytest

from results.redraw import main

SIZES = {"train": 5, "dev": 2, "test": 3}


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder, number = tmp_path / "corpus", 0
    folder.mkdir()
    (folder / "image.zip").write_bytes(b"images")
    for split, size in SIZES.items():
        lines = ["id,image,text,label"]
        for _ in range(size):
            lines.append(f'{number},{number}.jpg,"one, ""two""\nthree",positive')
            number += 1
        (folder / f"{split}_data.csv").write_text("\n".join(lines) + "\n")
    return folder


def rows(folder: Path, split: str) -> list[list[str]]:
    with (folder / f"{split}_data.csv").open(newline="") as file:
        return [*csv.reader(file)]


def test_each_draw_has_all_posts_in_splits_of_the_same_sizes(corpus: Path, tmp_path: Path) -> None:
    main([str(corpus), str(tmp_path / "drawn"), "3"])
    posts = sorted(row for split in SIZES for row in rows(corpus, split)[1:])
    orders = set()
    for number in ("1", "2", "3"):
        folder = tmp_path / "drawn" / number
        drawn = {split: rows(folder, split) for split in SIZES}
        assert {split: len(table) - 1 for split, table in drawn.items()} == SIZES
        assert all(table[0] == ["id", "image", "text", "label"] for table in drawn.values())
        assert sorted(row for table in drawn.values() for row in table[1:]) == posts
        assert (folder / "image.zip").read_bytes() == b"images"
        orders.add(tuple(row[0] for row in drawn["test"][1:]))
    assert len(orders) == 3


def test_the_same_draw_has_the_same_bytes(corpus: Path, tmp_path: Path) -> None:
    for name in ("one", "other", "other"):  # the last over an earlier one
        main([str(corpus), str(tmp_path / name), "1"])
    for split in SIZES:
        one, other = (tmp_path / name / "1" / f"{split}_data.csv" for name in ("one", "other"))
        assert one.read_bytes() == other.read_bytes()
