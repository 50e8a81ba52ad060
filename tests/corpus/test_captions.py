"""Captioned pictures in the layouts of the sample corpus, Flickr8k and Karpathy's splits."""

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from pipeline.corpus.captions import CaptionedImage, read_captions
from pipeline.corpus.sample import write_sample_corpus
from pipeline.errors import UserError


def write_flickr8k(folder: Path, tokens: str) -> None:
    (folder / "Flickr8k.token.txt").write_text(tokens)
    for split, images in (("train", "b.jpg\na.jpg\n"), ("dev", "c.jpg\n"), ("test", "d.jpg")):
        (folder / f"Flickr_8k.{split}Images.txt").write_text(images)


TOKENS = (
    "a.jpg#0\tA dog .\na.jpg#1\tIt runs .\nb.jpg#0\tA cat .\nc.jpg#0\tA car .\n"
    "d.jpg#0\tA tree .\nx.jpg.1#0\tNobody lists this one .\n"
)


def test_flickr8k_follows_the_official_lists(tmp_path: Path) -> None:
    write_flickr8k(tmp_path, TOKENS)
    assert read_captions(tmp_path, "flickr8k") == [
        CaptionedImage("train", "b.jpg", ("A cat .",)),
        CaptionedImage("train", "a.jpg", ("A dog .", "It runs .")),
        CaptionedImage("dev", "c.jpg", ("A car .",)),
        CaptionedImage("test", "d.jpg", ("A tree .",)),
    ]


def test_a_listed_picture_without_caption_is_named(tmp_path: Path) -> None:
    write_flickr8k(tmp_path, TOKENS.replace("d.jpg", "e.jpg"))
    with pytest.raises(UserError, match=r"testImages\.txt: pictures without.*\n  d\.jpg"):
        read_captions(tmp_path, "flickr8k")


def test_a_line_without_a_tab_is_named(tmp_path: Path) -> None:
    write_flickr8k(tmp_path, TOKENS.replace("a.jpg#1\t", "a.jpg#1 "))
    with pytest.raises(UserError, match=r"line 2: 'a\.jpg#1 It runs \.'"):
        read_captions(tmp_path, "flickr8k")


def test_karpathy_counts_restval_as_train(tmp_path: Path) -> None:
    images = [
        {"split": split, "filename": f"{i}.jpg", "sentences": [{"raw": f"Number {i}. "}]}
        for i, split in enumerate(["train", "restval", "val", "test"])
    ]
    (tmp_path / "dataset.json").write_text(json.dumps({"images": images}))
    found = read_captions(tmp_path, "karpathy")
    assert [one.split for one in found] == ["train", "train", "dev", "test"]
    assert found[2] == CaptionedImage("dev", "2.jpg", ("Number 2.",))


@pytest.mark.parametrize("text", ["{", "[]", '{"images": [1]}', '{"pictures": []}'])
def test_a_foreign_json_file_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "dataset.json").write_text(text)
    with pytest.raises(UserError, match=r"dataset\.json"):
        read_captions(tmp_path, "karpathy")


def test_an_entry_of_another_split_is_named(tmp_path: Path) -> None:
    images = {"images": [{"split": "train", "filename": "a", "sentences": []}, {"split": "tset"}]}
    (tmp_path / "dataset.json").write_text(json.dumps(images))
    with pytest.raises(UserError, match="entry 1"):
        read_captions(tmp_path, "karpathy")


def test_sample_has_five_captions_per_picture(tmp_path: Path) -> None:
    write_sample_corpus(tmp_path, seed=3, train=3, dev=1, test=1)
    found = read_captions(tmp_path, "sample")
    assert Counter(one.split for one in found) == {"train": 3, "dev": 1, "test": 1}
    assert {len(one.captions) for one in found} == {5}
    assert found[0].image == "s00001.png"


def test_missing_files_and_unknown_layouts_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"Flickr8k\.token\.txt: no such file"):
        read_captions(tmp_path, "flickr8k")
    with pytest.raises(UserError, match="'flickr'; allowed: sample, flickr8k, karpathy"):
        read_captions(tmp_path, "flickr")


@pytest.mark.real_data
@pytest.mark.skipif("REAL_DATA" not in os.environ, reason="REAL_DATA names no folder")
def test_flickr8k_as_published() -> None:
    found = read_captions(Path(os.environ["REAL_DATA"]) / "flickr8k", "flickr8k")
    assert Counter(one.split for one in found) == {"train": 6000, "dev": 1000, "test": 1000}
    assert {len(one.captions) for one in found} == {5}
