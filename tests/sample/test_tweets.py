import re
from random import Random

import pytest

from pipeline.sample.scenes import Object, Scene
from pipeline.sample.tweets import Tweet, feeling_tweet, naming_tweet
from pipeline.sample.wording import load_wording
from tests.sample.visible import words_of

OWL = Object("owl", "orange", x=60, foot=200, height=60, mirrored=False, tilt=0)
TENTS = tuple(
    Object("tent", color, x=x, foot=180, height=60, mirrored=False, tilt=0)
    for color, x in (("red", 120), ("blue", 180))
)
SCENE = Scene("campsite", "calm", (OWL, *TENTS))


def texts(count: int = 400) -> list[Tweet]:
    rng, wording = Random(0), load_wording("train")
    return [naming_tweet(rng, wording, SCENE, place=True) for _ in range(count)]


def test_a_single_object_gets_its_color_and_the_right_article() -> None:
    written = " ".join(tweet.text.lower() for tweet in texts())
    assert re.search(r"\ban orange owl\b", written)
    assert re.search(r"\ban owl\b", written)
    assert not re.search(r"\ba (owl|orange)\b|\ban (?!owl|orange)", written)
    assert not re.search(r"\b(red|blue) tents?\b|\ba tent\b", written)


def test_several_objects_of_a_type_are_named_in_the_plural() -> None:
    named = {m.word for tweet in texts() for m in tweet.mentions if m.object_type == "tent"}
    assert named == {"tents", "tent"}  # the latter as a hashtag
    for tweet in texts():
        for mention in tweet.mentions:
            if mention.word == "tent":
                assert tweet.text[mention.start - 1] == "#"


@pytest.mark.parametrize(
    ("pattern", "share"),
    [(r"^RT @\w+: ", 0.1), (r"https://t\.co/\w{10}$", 0.25), (r"\b(campsite|woods)\b", 0.2)],
)
def test_texts_carry_what_tweets_carry(pattern: str, share: float) -> None:
    found = sum(bool(re.search(pattern, tweet.text, re.IGNORECASE)) for tweet in texts())
    assert found / 400 == pytest.approx(share, abs=0.06)


def test_texts_are_clean_at_the_seams() -> None:
    for tweet in texts():
        assert tweet.text == tweet.text.strip()
        assert "  " not in tweet.text
        assert not re.search(r" [,.!?]+( |$)", tweet.text)
        assert "{" not in tweet.text


def test_a_place_is_named_only_where_asked_for() -> None:
    rng, wording = Random(0), load_wording("train")
    written = [naming_tweet(rng, wording, SCENE, place=False) for _ in range(200)]
    assert not any(words_of(tweet.text) & {"campsite", "woods"} for tweet in written)


def test_feelings_name_nothing() -> None:
    rng, wording = Random(0), load_wording("test")
    written = [feeling_tweet(rng, wording, SCENE) for _ in range(100)]
    assert all(tweet.mentions == () for tweet in written)
    assert not any(words_of(tweet.text) & {"owl", "owls", "tent", "tents"} for tweet in written)
