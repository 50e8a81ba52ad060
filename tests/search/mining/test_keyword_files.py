"""Keyword lists that come with a corpus, and what is said when they are not right."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.sample import write_sample_corpus
from pipeline.search.mining.keyword_files import given_keywords, read_keywords
from tests.search.keyword_tree import write_clickture, write_coco


def test_clickture_numbers_are_the_last_part_of_an_entry(tmp_path: Path) -> None:
    write_clickture(tmp_path, dev=5, lite=7)
    lite, dev = given_keywords(tmp_path, "clicks")
    assert (lite.name, dev.name) == ("lite", "dev")
    assert sorted(lite.ids) == [*range(7)]
    assert {*lite.splits} == {"train"}
    assert {*dev.splits} == {"dev"}


def test_one_list_is_enough(tmp_path: Path) -> None:
    write_clickture(tmp_path, dev=5, lite=7)
    (tmp_path / "clickture-lite.lst").unlink()
    assert [images.name for images in given_keywords(tmp_path, "clicks")] == ["dev"]
    (tmp_path / "clickture-dev.lst").unlink()
    with pytest.raises(UserError, match=r"neither of clickture-lite\.lst, clickture-dev\.lst"):
        given_keywords(tmp_path, "clicks")


def test_entries_that_are_no_number_are_named(tmp_path: Path) -> None:
    (tmp_path / "clickture-dev.lst").write_text("00000001\nimg7\n\n")
    with pytest.raises(UserError, match=r"last part is not a number \(1\):\n  'img7'"):
        given_keywords(tmp_path, "clicks")


def test_coco_has_keywords_for_train_and_test_only(tmp_path: Path) -> None:
    write_coco(tmp_path, 12)
    (coco,) = given_keywords(tmp_path, "karpathy")
    assert sorted(coco.ids % 4) == [0, 0, 0, 2, 2, 2]
    assert len(list(coco.documents(["train"]))) == 3


def test_sample_keywords_are_those_of_its_truth(tmp_path: Path) -> None:
    write_sample_corpus(tmp_path, seed=3, train=3, dev=1, test=1)
    (images,) = given_keywords(tmp_path, "csv")
    assert images.names[0] == "s00001"
    assert images.splits.tolist() == ["train"] * 3 + ["dev", "test"]
    assert all(len(keywords) >= 4 for _, keywords in images.images("id"))


def test_a_layout_without_keywords_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="'flickr8k' comes with no keywords; allowed: mined"):
        given_keywords(tmp_path, "flickr8k")
    with pytest.raises(UserError, match=r"has no truth\.jsonl with keywords; allowed: mined"):
        given_keywords(tmp_path, "csv")


@pytest.mark.parametrize("text", ["{", "[]", '{"tagging": {}}', '{"tagging": {"keywords": "a"}}'])
def test_a_foreign_file_is_named(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(UserError, match=r"a\.json: expected"):
        read_keywords(tmp_path / "a.json")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"b\.json: no such file of keywords"):
        read_keywords(tmp_path / "b.json")
