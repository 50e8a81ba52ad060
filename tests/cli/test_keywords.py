"""python -m pipeline keywords: the published arrays, from lists and JSON files alone."""

import json
from collections.abc import Sequence
from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from pipeline.__main__ import main
from tests.search.keyword_tree import published_arrays, write_clickture, write_coco

Listed = list[tuple[int, str]]


def as_published(fitted: Listed, listed: Listed) -> tuple[list[list[int]], list[list[int]]]:
    """Records and ranges of a list, by the words of another."""
    vectorizer = CountVectorizer(min_df=6, stop_words="english")
    vectorizer.fit([document for _, document in fitted])
    documents, ids = [[words] for _, words in listed], [image for image, _ in listed]
    records, ranges = published_arrays(documents, ids, vectorizer)
    return records.tolist(), ranges.tolist()


def document(path: Path) -> str:
    return " ".join(json.loads(path.read_text())["tagging"]["keywords"])


def clickture(folder: Path, name: str) -> Listed:
    entries = (folder / f"clickture-{name}.lst").read_text().split()
    keywords = folder / "keyword" / f"keywords_{name}"
    return [(int(Path(e).name), document(keywords / f"{e}.json")) for e in entries]


def coco(folder: Path) -> Listed:
    keywords = folder / "keyword" / "keywords_coco"
    images = json.loads((keywords / "dataset.json").read_text())["images"]
    return [
        (e["imgid"], document(keywords / f"keyword_{e['split']}" / f"{e['filename'][:-4]}.json"))
        for e in images
        if e["split"] in ("train", "test")
    ]


def require_arrays(folder: Path, expected: Sequence[list[list[int]]]) -> None:
    for name, values in zip(("records", "ranges"), expected, strict=True):
        found = np.load(folder / f"{name}.npy", allow_pickle=False)
        assert found.dtype == np.int64
        assert found.tolist() == values


def test_clickture_s_arrays_are_fitted_on_dev(tmp_path: Path) -> None:
    source, out = tmp_path / "clickture", tmp_path / "arrays"
    source.mkdir()
    write_clickture(source, dev=40, lite=60)
    main(["keywords", "clickture", str(source), "--out", str(out)])
    dev, lite = (clickture(source, name) for name in ("dev", "lite"))
    require_arrays(out / "dev", as_published(dev, dev))
    require_arrays(out / "lite", as_published(dev, lite))
    assert json.loads((out / "vocab.json").read_text()) == sorted(
        {"dog", "cat", "red", "car"} | {"beach", "snow", "board", "tree", "sun", "set"}
    )


def test_coco_s_arrays_are_fitted_on_train_and_test(tmp_path: Path) -> None:
    source, out = tmp_path / "coco", tmp_path / "arrays"
    source.mkdir()
    write_coco(source, 80)
    main(["keywords", "coco", str(source), "--out", str(out)])
    listed = coco(source)
    require_arrays(out / "coco", as_published(listed, listed))


def test_needs_no_project_and_writes_nothing_into_what_it_reads(tmp_path: Path) -> None:
    write_clickture(tmp_path, dev=40, lite=5)
    with chdir(tmp_path), pytest.raises(SystemExit, match="lies in the folder that is read"):
        main(["keywords", "clickture", ".", "--out", "arrays"])
    with pytest.raises(SystemExit, match="dataset"):
        main(["keywords", "coco", str(tmp_path), "--out", str(tmp_path.parent / "other")])
