"""The boxes of what words name, as the sample corpus writes them."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.features.truth import read_field, read_named_boxes
from pipeline.sample import write_sample_corpus


def test_named_boxes_of_a_drawn_corpus(tmp_path: Path) -> None:
    write_sample_corpus(tmp_path, seed=1, train=20, dev=2, test=2)
    truth = read_named_boxes(tmp_path)
    assert truth is not None
    assert len(truth) == 24
    named = [(word, boxes) for words in truth.values() for word, boxes in words.items()]
    assert named
    for word, boxes in named:
        assert word == word.lower()
        assert boxes
        for x1, y1, x2, y2 in boxes:
            assert x1 < x2
            assert y1 < y2


def test_only_words_that_name_something_in_the_image(tmp_path: Path) -> None:
    (tmp_path / "truth.jsonl").write_text(
        '{"id": "a", "objects": [{"box": [1, 2, 3, 4]}, {"box": [5, 6, 7, 8]}], "mentions":'
        ' [{"word": "dogs", "objects": [0, 1]}, {"word": "owl", "objects": []}]}\n'
    )
    assert read_named_boxes(tmp_path) == {"a": {"dogs": [(1, 2, 3, 4), (5, 6, 7, 8)]}}


def test_other_corpora_have_none(tmp_path: Path) -> None:
    assert read_named_boxes(tmp_path) is None


def test_captions_and_keywords_by_pair(tmp_path: Path) -> None:
    assert read_field(tmp_path, "captions") is None
    write_sample_corpus(tmp_path, seed=1, train=2, dev=1, test=1)
    captions, keywords = read_field(tmp_path, "captions"), read_field(tmp_path, "keywords")
    assert captions is not None
    assert keywords is not None
    assert [*captions] == [*keywords] == ["s00001", "s00002", "s00003", "s00004"]
    assert {len(own) for own in captions.values()} == {5}
    assert all(len(own) >= 4 for own in keywords.values())


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "[1]",
        "{}",
        '{"id": "a"}',
        '{"id": "a", "mentions": [{"word": "dog", "objects": [3]}], "objects": []}',
        '{"id": "a", "mentions": [{"word": "x", "objects": [0]}], "objects": [{"box": [1, 2]}]}',
        '{"id": "a", "mentions": [{"word": "x", "objects": [0]}], "objects": [{"box": "abcd"}]}',
        *(
            f'{{"id": "a", "mentions": [{{"word": "x", "objects": [0]}}], "objects":'
            f' [{{"box": [1, 2, 3, {number}]}}]}}'
            for number in ("NaN", "1e999", "9" * 400)
        ),
        '{"id": "a", "mentions": 7, "captions": [7]}',
        '{"id": ' + "9" * 5000 + "}",
        "[" * 100_000,
        "\udcff",
    ],
)
def test_a_damaged_file_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "truth.jsonl").write_bytes(line.encode(errors="surrogateescape") + b"\n")
    for read in (read_named_boxes, lambda corpus: read_field(corpus, "captions")):
        with pytest.raises(UserError, match=r"truth\.jsonl is "):
            read(tmp_path)
