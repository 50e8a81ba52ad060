from collections import Counter
from random import Random

import pytest

from pipeline.sample.pairs import Plan, make_pair, plan_pairs
from pipeline.sample.themes import THEMES
from pipeline.sample.wording import load_wording
from tests.sample.visible import visible_words, words_of
from tests.sample.written_corpus import Corpus


def test_explicit_texts_name_an_object_of_the_image(corpus: Corpus) -> None:
    for fact in corpus.truth:
        if fact["label"] == "explicit":
            assert any(mention["objects"] for mention in fact["mentions"])


@pytest.mark.parametrize("label", ["implicit", "irrelevant"])
def test_other_texts_name_nothing_of_the_image(corpus: Corpus, label: str) -> None:
    for fact in corpus.truth:
        if fact["label"] == label:
            object_types = tuple(item["kind"] for item in fact["objects"])
            assert not words_of(fact["text"]) & visible_words(fact["theme"], object_types), fact[
                "text"
            ]


def test_implicit_texts_share_theme_and_mood_irrelevant_ones_have_another_theme(
    corpus: Corpus,
) -> None:
    for fact in corpus.truth:
        if fact["label"] == "irrelevant":
            assert fact["text_theme"] != fact["theme"]
        else:
            assert (fact["text_theme"], fact["text_mood"]) == (fact["theme"], fact["mood"])


def test_some_implicit_texts_name_what_the_image_lacks() -> None:
    rng = Random(0)
    pairs = [make_pair(rng, "train", Plan("implicit", "implicit"), set()) for _ in range(40)]
    naming = [pair for pair in pairs if pair.tweet.mentions]
    assert 4 < len(naming) < 20
    for pair in naming:
        assert {mention.object_type for mention in pair.tweet.mentions} <= (
            set(THEMES[pair.scene.theme].object_types) - set(pair.scene.object_types)
        )


def test_styles_have_the_same_shares_whether_related_or_not() -> None:
    counts = Counter((plan.label, plan.style) for plan in plan_pairs(Random(0), 1000))
    assert counts == {
        ("explicit", "explicit"): 561,
        ("implicit", "implicit"): 105,
        ("irrelevant", "explicit"): 281,  # 561 : 105 = 281 : 53
        ("irrelevant", "implicit"): 53,
    }


@pytest.mark.parametrize("count", [1, 2, 7, 600])
def test_plans_add_up(count: int) -> None:
    assert len(plan_pairs(Random(0), count)) == count


def test_a_text_is_written_anew_if_it_was_used() -> None:
    plan = Plan("irrelevant", "implicit")
    first = make_pair(Random(4), "test", plan, set())
    second = make_pair(Random(4), "test", plan, {first.tweet.text})
    assert first.image.tobytes() == second.image.tobytes()
    assert first.tweet.text != second.tweet.text


def test_image_does_not_depend_on_the_label() -> None:
    plans = (Plan("explicit", "explicit"), Plan("implicit", "implicit"))
    related, other = (make_pair(Random(4), "train", plan, set()) for plan in plans)
    assert related.image.tobytes() == other.image.tobytes()


def test_test_texts_are_worded_differently() -> None:
    train, test = load_wording("train"), load_wording("test")
    assert load_wording("dev") == train
    assert not set(train.naming) & set(test.naming)
    for theme in THEMES:
        assert not set(train.feelings[theme]) & set(test.feelings[theme])
        assert not set(train.places[theme]) & set(test.places[theme])
        assert not set(train.theme_tags[theme]) & set(test.theme_tags[theme])
    shared = [
        object_type
        for object_type, names in test.names.items()
        if names == train.names[object_type]
    ]
    assert len(shared) < len(test.names) / 2
