"""Tokens stand for what people wrote."""

import pytest

from pipeline.report.spelling import spellings
from pipeline.tokenizers.tokenize import RULES, tokenize

POST = "RT @you: #LoveIt :) http://t.co/a1b a dog, SO COOL!!! I’m sooooo glad 2016"
TEXTS = ["wow goooo", "Good: 8pm &lt;3 #top10", "👨‍👩‍👧 ❤️ naïve ÉTÉ"]


def test_markers_stand_for_their_text_and_what_nobody_wrote_for_nothing() -> None:
    words = tokenize(POST, "glove_ruby")
    found = dict(zip(words, spellings(POST, words), strict=True))
    assert found["<user>"] == "@you"
    assert found["<hashtag>"] == "#"
    assert found["<smile>"] == ":)"
    assert found["<url>"] == "http://t.co/a1b"
    assert found["<number>"] == "2016"
    assert found["love"] == "Love"
    assert found["'m"] == "’m"
    assert found["!"] == "!!!"
    assert found["<repeat>"] == found["<elong>"] == ""
    # Not the letter in the address before it.
    assert found["a"] == "a"


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("text", [POST, *TEXTS])
def test_parts_are_the_whole_text_in_order(rules: str, text: str) -> None:
    parts = spellings(text, tokenize(text, rules))
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_cut_text_ends_in_an_ellipsis() -> None:
    assert spellings("One Two Three", ["one", "two"]) == ["One", "Two …"]


def test_a_text_without_words_shows_its_token() -> None:
    assert spellings(" \n", ["<unk>"]) == ["<unk>"]
