"""Keyword lists that come with a corpus, and what is said when they are not right."""

import json
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.sample import write_sample_corpus
from pipeline.search.mining.keyword_files import given_keywords, read_keywords
from tests.search.keyword_tree import write_clickture, write_coco, write_json


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
    for entry in ("img7", "9" * 19, "9" * 5000):
        (tmp_path / "clickture-dev.lst").write_text(f"00000001\n{entry}\n\n")
        with pytest.raises(UserError, match=rf"at most 18 digits \(1\):\n  '{entry}'"):
            given_keywords(tmp_path, "clicks")


@pytest.mark.parametrize("entry", ["../../../secret/1", "0/../../../../secret/1", "{}/secret/1"])
def test_an_entry_that_leads_out_of_its_folder_is_refused(tmp_path: Path, entry: str) -> None:
    write_json(tmp_path / "secret" / "1.json", ["secret"])
    (tmp_path / "corpus").mkdir()
    write_clickture(tmp_path / "corpus", dev=1, lite=1)
    (tmp_path / "corpus" / "clickture-dev.lst").write_text(entry.format(tmp_path))
    dev = given_keywords(tmp_path / "corpus", "clicks")[1]
    with pytest.raises(UserError, match="leads out of the folder"):
        dev.read(dev.names[0])


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


@pytest.mark.parametrize("changed", [{"keywords": "dog"}, {"split": ["train"]}])
def test_texts_in_the_place_of_lists_are_named(tmp_path: Path, changed: dict[str, object]) -> None:
    pair = {"id": "a", "keywords": ["dog"], "split": "train"}
    lines = [json.dumps(pair), json.dumps({**pair, "id": "b", **changed})]
    (tmp_path / "truth.jsonl").write_text("\n".join(lines))
    with pytest.raises(UserError, match=r"whose split is no text \(1\):\n  'b'"):
        given_keywords(tmp_path, "csv")


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
    with pytest.raises(UserError, match=r"bbb\.json cannot be read: File name too long"):
        read_keywords(tmp_path / f"{'b' * 300}.json")
