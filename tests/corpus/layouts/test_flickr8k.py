"""Flickr8k's caption file and image lists."""

from pathlib import Path

import pytest

from pipeline.corpus.layouts.flickr8k import read
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams
from tests.tiny import tiny_params


@pytest.fixture
def corpus(tmp_path: Path) -> CorpusParams:
    captions = ["a.jpg#1\tTwo dogs .", "a.jpg#0\tA dog .", "b.jpg#0\tA cat .", "c.jpg#0\tA car ."]
    (tmp_path / "Flickr8k.token.txt").write_text(
        "\n".join([*captions, "x.jpg#0\tUnlisted ."]) + "\n"
    )
    for split, image in (("train", "b"), ("dev", "a"), ("test", "c")):
        (tmp_path / f"Flickr_8k.{split}Images.txt").write_text(f"{image}.jpg\n")
    return tiny_params().corpus.model_copy(update={"path": str(tmp_path), "layout": "flickr8k"})


def test_a_pair_per_caption_by_list_and_number(corpus: CorpusParams) -> None:
    pairs = read(corpus)
    assert [(p.split, p.id, p.image, p.text, p.label) for p in pairs] == [
        ("train", "b.jpg#0", "b.jpg", "A cat .", "match"),
        ("dev", "a.jpg#0", "a.jpg", "A dog .", "match"),
        ("dev", "a.jpg#1", "a.jpg", "Two dogs .", "match"),
        ("test", "c.jpg#0", "c.jpg", "A car .", "match"),
    ]


def test_ten_captions_and_more_are_in_the_order_of_their_numbers(corpus: CorpusParams) -> None:
    path = Path(corpus.path) / "Flickr8k.token.txt"
    more = "".join(f"b.jpg#{number}\tNo {number} .\n" for number in reversed(range(1, 12)))
    path.write_text(path.read_text() + more)
    train = [pair.id for pair in read(corpus) if pair.split == "train"]
    assert train == [f"b.jpg#{number}" for number in range(12)]


def test_a_listed_image_needs_a_caption(corpus: CorpusParams) -> None:
    (Path(corpus.path) / "Flickr_8k.devImages.txt").write_text("a.jpg\nlost.jpg\n")
    with pytest.raises(UserError, match=r"without a caption.*\(1\)[\s\S]*lost.jpg"):
        read(corpus)


def test_names_lines_that_are_not_captions(corpus: CorpusParams) -> None:
    path = Path(corpus.path) / "Flickr8k.token.txt"
    path.write_text(path.read_text() + "\nd.jpg A caption without its tab\n")
    with pytest.raises(UserError, match=r"line 7: 'd\.jpg A caption"):
        read(corpus)
