"""Records and ranges of keywords, against worked values and the published steps as plain loops."""

import io
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer

from pipeline.errors import UserError
from pipeline.search.features.keywords import (
    fit_vocabulary,
    keyword_ranges,
    read_records,
    read_vocabulary,
    write_keyword_arrays,
    write_vocabulary,
)
from pipeline.search.mining.keyword_files import given_keywords
from tests.search.keyword_tree import published_arrays, write_clickture, write_coco

N = [-1, -1]


def saved(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("ids", "images"),
    [
        ([0, 0, 2, 2, 3], [[0, 1], N, [2, 3], [4, 4], N]),
        ([2, 2, 0, 5, 5], [[2, 2], N, [0, 1], N, N, [3, 4]]),
        ([1, 0, 0, 1], [[1, 2], [3, 3]]),
        ([], [N, N]),
    ],
)
@pytest.mark.parametrize("legacy", [True, False])
def test_ranges_by_hand(ids: list[int], images: list[list[int]], legacy: bool) -> None:
    whole = np.array(ids, np.int64)
    # Images beyond the last that has a word have no row.
    rows = images[: max(ids, default=-1) + 1]
    assert keyword_ranges([whole] if ids else [], legacy).tolist() == rows
    assert all(own == N for own in images[len(rows) :])
    by_row = [whole[row : row + 1] for row in range(len(ids))]
    assert keyword_ranges(by_row, legacy).tolist() == rows


def test_image_0_without_keywords_has_none_unless_the_published_slip_is_wanted() -> None:
    ids = [np.array([1, 1, 3])]
    assert keyword_ranges(ids).tolist() == [N, [0, 1], N, [2, 2]]
    assert keyword_ranges(ids, legacy_row0=True).tolist() == [[0, -1], [0, 1], N, [2, 2]]


def test_clickture_gives_the_published_bytes(tmp_path: Path) -> None:
    write_clickture(tmp_path, dev=60, lite=90)
    lite, dev = given_keywords(tmp_path, "clicks")
    vocabulary = fit_vocabulary(dev.documents(["dev"]), min_df=6)
    vectorizer = CountVectorizer(min_df=6, stop_words="english")
    vectorizer.fit([" ".join(words) for words in dev.documents(["dev"])])
    assert vocabulary == sorted(vectorizer.vocabulary_)
    for images in (lite, dev):
        write_keyword_arrays(tmp_path / "out", images.images("list"), vocabulary, True)
        ids = [int(name.rsplit("/")[-1]) for name in images.names]
        documents = list(images.documents(["train", "dev"]))
        records, table = published_arrays(documents, ids, vectorizer)
        assert (tmp_path / "out" / "records.npy").read_bytes() == saved(records)
        assert (tmp_path / "out" / "ranges.npy").read_bytes() == saved(table)


def test_coco_gives_the_published_bytes(tmp_path: Path) -> None:
    write_coco(tmp_path, 120)
    (coco,) = given_keywords(tmp_path, "karpathy")
    documents = list(coco.documents(["train", "test"]))
    assert len(documents) == 60
    vectorizer = CountVectorizer(min_df=6, stop_words="english")
    vectorizer.fit([" ".join(words) for words in documents])
    vocabulary = fit_vocabulary(documents, min_df=6)
    write_keyword_arrays(tmp_path / "out", coco.images("list"), vocabulary, True)
    records, table = published_arrays(documents, coco.ids.tolist(), vectorizer)
    assert (tmp_path / "out" / "records.npy").read_bytes() == saved(records)
    assert (tmp_path / "out" / "ranges.npy").read_bytes() == saved(table)


def test_by_id_images_come_once_and_in_order(tmp_path: Path) -> None:
    write_clickture(tmp_path, dev=40, lite=1)
    dev = given_keywords(tmp_path, "clicks")[1]
    by_list, by_id = list(dev.images("list")), list(dev.images("id"))
    assert by_id == sorted(by_list, key=lambda image: image[0])
    assert by_id != by_list


def test_words_of_several_keywords_keep_order_and_repetitions(tmp_path: Path) -> None:
    images = [(7, ["Red Car", "car", "the", "x"]), (9, [])]
    write_keyword_arrays(tmp_path, images, ["car", "red"], False)
    assert read_records(tmp_path / "records.npy").tolist() == [[7, 1], [7, 0], [7, 0]]
    ranges = np.load(tmp_path / "ranges.npy")
    assert ranges.tolist() == [N] * 7 + [[0, 2]]


def test_no_record_at_all(tmp_path: Path) -> None:
    write_keyword_arrays(tmp_path, [(3, ["house"])], ["car"], False)
    assert read_records(tmp_path / "records.npy").shape == (0, 2)
    assert np.load(tmp_path / "ranges.npy").shape == (0, 2)


def test_vocabulary_survives_the_file(tmp_path: Path) -> None:
    write_vocabulary(tmp_path / "vocab.json", ["bär", "dog"])
    assert read_vocabulary(tmp_path / "vocab.json") == ["bär", "dog"]
    assert json.loads((tmp_path / "vocab.json").read_text()) == ["bär", "dog"]


def test_a_vocabulary_of_nothing_is_refused() -> None:
    with pytest.raises(UserError, match="none of 2 words is a keyword of 3 images or more"):
        fit_vocabulary([["dog"], ["dog", "cat"]], min_df=3)


def test_memory_does_not_grow_with_the_images(tmp_path: Path) -> None:
    def peak(count: int) -> int:
        tracemalloc.start()
        vocabulary = fit_vocabulary((words for _, words in many(count)), min_df=2)
        write_keyword_arrays(tmp_path, many(count), vocabulary, False)
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(100)
    few, more = peak(3_000), peak(9_000)
    grown = 6_000 * 12 * 16  # bytes of the records alone
    assert (tmp_path / "records.npy").stat().st_size > grown
    # The range table is 16 bytes an image; finding where runs end takes a few times that.
    assert more - few < grown / 2


def many(count: int) -> Iterator[tuple[int, list[str]]]:
    words = [f"word{i}" for i in range(50)]
    for i in range(count):
        yield i, [words[(i + j) % 50] for j in range(12)]
