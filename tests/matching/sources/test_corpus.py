"""Captions of the project's own corpus: words of `prepare`, or the posts split anew."""

from contextlib import chdir
from pathlib import Path

import pandas as pd
import pytest

from pipeline import paths
from pipeline.errors import UserError
from pipeline.matching.sources.corpus import read_pairs

POSTS = ["A man's T-shirt.", "Two dogs!"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Two pairs in each split, as `prepare` leaves them; posts are in another order."""
    interim = tmp_path / paths.PAIRS.parent
    interim.mkdir(parents=True)
    rows = [(f"{split}{i}", split, i) for split in ("train", "dev", "test") for i in (0, 1)]
    pairs = pd.DataFrame(rows, columns=["id", "split", "text_key"]).assign(label="match")
    pairs["image_key"] = pairs["id"]
    pairs.to_parquet(interim / paths.PAIRS.name)
    words = [["prepared", "one"], ["prepared", "two"]]
    pd.DataFrame({"key": [0, 1], "words": words}).to_parquet(interim / paths.TEXTS.name)
    posts = pairs[["id"]].assign(text=[POSTS[i] for i in pairs["text_key"]])
    posts[::-1].to_parquet(interim / paths.POSTS.name)
    return tmp_path


def test_words_are_those_of_prepare_or_of_the_published_tokenizer(project: Path) -> None:
    with chdir(project):
        prepared, published = (read_pairs(["match"], way) for way in ("plain", "nltk"))
    assert prepared["dev"].words == [["prepared", "one"], ["prepared", "two"]]
    assert published["dev"].words == [["a", "man", "'s", "t-shirt", "."], ["two", "dogs", "!"]]
    assert published["dev"].ids == prepared["dev"].ids
    assert not set(published["dev"].keys) & set(prepared["dev"].keys)


def test_without_the_posts_it_says_what_makes_them(project: Path) -> None:
    (project / paths.POSTS).unlink()
    with chdir(project), pytest.raises(UserError, match=r"posts\.parquet not found; run"):
        read_pairs(["match"], "nltk")
