"""Whatever happens to keyword files, keywords are texts or the fault is named."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.features.truth import read_named_boxes
from pipeline.search.features.keywords import read_vocabulary
from pipeline.search.mining.keyword_files import KeywordList, given_keywords
from tests.fuzz.corpora import karpathy_images
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.values import JSON, damaged_json

KEYWORDS = {"tagging": {"keywords": ["a dog", "beach", "né"]}, "image": "1.jpg"}
TRUTH = {
    "id": "s1",
    "split": "train",
    "keywords": ["dog", "red car"],
    "mentions": [{"word": "dog", "objects": [0]}, {"word": "the", "objects": []}],
    "objects": [{"name": "dog", "box": [1, 2.5, 30, 40]}],
}
COCO = "keyword/keywords_coco"
# The files of each layout that hold JSON, and one that holds lines.
FILES: dict[str, dict[str, Any]] = {
    "clicks": {"keyword/keywords_dev/00000001.json": KEYWORDS},
    "karpathy": {
        f"{COCO}/dataset.json": karpathy_images(),
        **{
            f"{COCO}/keyword_{split}/{number}.json": KEYWORDS
            for split, number in [("train", 0), ("test", 3), ("train", 4), ("test", 5)]
        },
    },
    "csv": {"truth.jsonl": TRUTH},
}
LIST = b"00000001\n00000001\n"


def write(folder: Path, layout: str) -> None:
    for name, tree in FILES[layout].items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(json.dumps(tree))
    (folder / "clickture-dev.lst").write_bytes(LIST)


def read_all(images: KeywordList) -> list[tuple[int, list[str]]]:
    assert len(images.ids) == len(images.names) == len(images.splits)
    return [(number, list(keywords)) for number, keywords in images.images("id")]


def require_keywords_or_faults(folder: Path, layout: str) -> int:
    """Returns the number of images with keywords."""
    count = 0
    for images in outcome(lambda: given_keywords(folder, layout), UserError) or []:
        found = outcome(lambda images=images: read_all(images), UserError) or []
        count += len(found)
        for number, keywords in found:
            assert 0 <= abs(number) < 2**63
            assert all(isinstance(word, str) for word in keywords)
    return count


@pytest.mark.parametrize(("layout", "count"), [("clicks", 2), ("karpathy", 4), ("csv", 1)])
def test_undamaged_ones_are_read(tmp_path: Path, layout: str, count: int) -> None:
    write(tmp_path, layout)
    assert require_keywords_or_faults(tmp_path, layout) == count


@pytest.mark.parametrize("layout", FILES)
@pytest.mark.parametrize("kind", [*JSON, *BYTES])
@few
@given(data=st.data())
def test_damaged_ones_are_read_or_named(
    layout: str, kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    write(tmp_path, layout)
    file = data.draw(st.sampled_from(sorted(FILES[layout])))
    tree = FILES[layout][file]
    (tmp_path / file).write_bytes(
        damaged_json(kind, tree, data.draw)
        if kind in JSON
        else BYTES[kind](json.dumps(tree).encode(), data.draw)
    )
    if layout == "csv":
        with (tmp_path / file).open("a") as lines:
            lines.write("\n" + json.dumps(TRUTH | {"id": "s2"}))
    require_keywords_or_faults(tmp_path, layout)
    for boxes in (outcome(lambda: read_named_boxes(tmp_path), UserError) or {}).values():
        corners = [corner for each in boxes.values() for box in each for corner in box]
        assert np.isfinite(corners).all()


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_a_damaged_list_is_read_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    write(tmp_path, "clicks")
    (tmp_path / "clickture-dev.lst").write_bytes(BYTES[kind](LIST, data.draw))
    require_keywords_or_faults(tmp_path, "clicks")


@pytest.mark.parametrize("kind", [*JSON, *BYTES])
@few
@given(data=st.data())
def test_a_damaged_vocabulary_is_read_or_named(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    words = ["beach", "dog", "né"]
    path = tmp_path / "vocab.json"
    path.write_bytes(
        damaged_json(kind, words, data.draw)
        if kind in JSON
        else BYTES[kind](json.dumps(words).encode(), data.draw)
    )
    found = outcome(lambda: read_vocabulary(path), UserError) or []
    assert all(isinstance(word, str) for word in found)
