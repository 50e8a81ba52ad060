from collections.abc import Iterator

import pytest

from pipeline.sample.scenes import MOODS
from pipeline.sample.themes import OBJECT_TYPES, THEMES
from pipeline.sample.wording import Wording, load_wording
from tests.sample.visible import visible_words, words_of


@pytest.fixture(params=["train", "test"])
def wording(request: pytest.FixtureRequest) -> Wording:
    return load_wording(request.param)


def phrases_without_names(wording: Wording) -> Iterator[str]:
    for by_theme in (wording.feelings, wording.theme_tags, wording.openers):
        for phrases in by_theme.values():
            yield from phrases
    yield from (template.replace("{thing}", "") for template in wording.naming)
    yield from (*wording.tags, *wording.numbers)


def test_every_theme_object_type_and_mood_has_words(wording: Wording) -> None:
    assert set(wording.openers) == set(MOODS)
    assert set(wording.names) == set(OBJECT_TYPES)
    for by_theme in (wording.feelings, wording.theme_tags, wording.places):
        assert set(by_theme) == set(THEMES)


def test_only_names_and_places_name_what_is_painted(wording: Wording) -> None:
    painted = frozenset.union(
        *(visible_words(theme, THEMES[theme].object_types) for theme in THEMES)
    )
    for phrase in phrases_without_names(wording):
        assert not words_of(phrase) & painted, phrase


def test_a_place_is_visible_in_its_own_theme_only(wording: Wording) -> None:
    for theme, places in wording.places.items():
        for other in set(THEMES) - {theme}:
            for place in places:
                assert not words_of(place) & visible_words(other, THEMES[other].object_types), place


def test_a_place_is_among_the_words_of_its_theme(wording: Wording) -> None:
    for theme, places in wording.places.items():
        for place in places:
            assert words_of(place) & THEMES[theme].words, place


def test_a_name_belongs_to_one_object_type() -> None:
    owners: dict[str, str] = {}
    for split in ("train", "test"):
        for object_type, names in load_wording(split).names.items():
            for name in (name for pair in names for name in pair):
                assert owners.setdefault(name, object_type) == object_type


def test_object_types_belong_to_one_theme_each() -> None:
    assert sorted(
        object_type for theme in THEMES.values() for object_type in theme.object_types
    ) == sorted(OBJECT_TYPES)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Two DOGS, a #RedKite!", {"two", "dogs", "a", "red", "kite"}),
        ("#dog😍 can't", {"dog", "can't"}),
    ],
)
def test_words_of_a_text(text: str, words: set[str]) -> None:
    assert words_of(text) == words


def test_visible_words_include_plurals_synonyms_and_both_wordings() -> None:
    visible = visible_words("park", ("dog",))
    assert {"dog", "dogs", "puppies", "pup", "park", "trees"} <= visible
    assert not {"kite", "cat", "beach"} & visible
