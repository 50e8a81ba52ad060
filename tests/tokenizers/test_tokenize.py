import signal
import unicodedata
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tokenizers.tokenize import RULES, tokenize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A dog, running.", ["a", "dog", ",", "running", "."]),
        ("tri-colored a_b", ["tri", "-", "colored", "a", "_", "b"]),
        ("Don't; it's they’re CAN'T", ["do", "n't", ";", "it", "'s", "they", "'re", "ca", "n't"]),
        ("'tis 'quoted' sand", ["'", "tis", "'", "quoted", "'", "sand"]),
        ("3.5 1,000 18:30 5.", ["3.5", "1,000", "18:30", "5", "."]),
        ("w8 covid19", ["w8", "covid19"]),
        ("<user> #tag", ["<user>", "#", "tag"]),
        ("हिन्दी ไทย", ["हिन्दी", "ไทย"]),
        ("NA", ["na"]),
        ("null", ["null"]),
        ("", []),
        (" \t\r\n\u00a0\u3000", []),
    ],
)
def test_plain_words(text: str, expected: list[str]) -> None:
    assert tokenize(text, "plain") == expected


def test_cased_words_are_plain_ones_with_their_capitals() -> None:
    text = "DON'T LET Ångström's Dog GO, It'LL be BACK"
    words = "DO N'T LET Ångström 's Dog GO , It 'LL be BACK"
    assert " ".join(tokenize(text, "cased")) == words
    assert [word.lower() for word in tokenize(text, "cased")] == tokenize(text, "plain")


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("hi😂!", ["hi", "😂", "!"], id="emoji are words"),
        pytest.param("x😂,😂", ["x", "😂", ",", "😂"], id="each one"),
        pytest.param("❤\ufe0f ♥", ["❤", "♥"], id="variation selectors do not count"),
        pytest.param("👍🏽", ["👍"], id="nor do skin tones"),
        pytest.param("👩\u200d👧", ["👩", "👧"], id="a family is its members"),
        pytest.param("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"], id="a flag is two letters"),
        pytest.param("co\u00adop\ufeff", ["coop"], id="invisible hyphens and marks"),
        pytest.param("a\u200bb", ["a", "b"], id="an invisible space is a space"),
        pytest.param("a\0b\x1bc", ["a", "b", "c"], id="control characters part words"),
        pytest.param("a\ud83d b", ["a", "b"], id="half a character is none"),
        pytest.param("\ue415", ["\ue415"], id="private emoji of old phones stay"),
    ],
)
def test_characters_beyond_letters(rules: str, text: str, expected: list[str]) -> None:
    assert tokenize(text, rules) == expected


@pytest.mark.parametrize("rules", ["glove_ruby", "glove_fixed"])
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("hey @bob:<3it!!", "hey <user> : <heart> it ! <repeat>"),
        ("hi:)there http://t.co/x", None),
        ("@a@b #x#y", None),
    ],
)
def test_tokens_are_words_even_next_to_others(rules: str, text: str, expected: str | None) -> None:
    words = tokenize(text, rules)

    if expected:
        assert words == expected.split()
    assert all(word.count("<") <= 1 and " " not in word for word in words)


def test_lines_of_a_tweet_are_split() -> None:
    assert tokenize("a dog\r\n\r\na cat", "glove_ruby") == ["a", "dog", "a", "cat"]


def test_composed_and_decomposed_letters_are_the_same_word() -> None:
    text = "Café Ångström"

    assert tokenize(unicodedata.normalize("NFD", text), "plain") == tokenize(text, "plain")


@pytest.mark.parametrize("rules", RULES)
@given(text=st.text())
def test_any_text_gives_words_that_can_be_written_and_joined(rules: str, text: str) -> None:
    words = tokenize(text, rules)

    assert " ".join(words).encode().decode().split(" ") == (words or [""])
    assert all(word.strip() == word != "" for word in words)
    assert words == tokenize(text, rules)


N = 100_000
HOSTILE = {
    "letters before a missing face": "d" * N,
    "brackets before a missing face": ")" * N,
    "mirrored brackets": "(" * N,
    "dots before a missing digit": "." * N,
    "digits inside a word": "1." * (N // 2) + "1a",
    "an elongation inside a word": "a" * N + "b",
    "marks that never end a word": "-" * N,
    "many ends of words": "a-" * (N // 2),
    "many elongations": "aaa-" * (N // 4),
    "capitals without a last space": "A " * (N // 2) + "a",
    "a link of marks": "http://" + "!" * N,
    "contractions": "n't" * (N // 3),
    "accents out of order": "a" + "\u0316\u0301" * (N // 2),
    "entities": "&#" * (N // 2),
}


@pytest.fixture
def alarm() -> Iterator[None]:
    """Stops what takes half a minute; linear time is a fraction of a second."""

    def stop(*_: object) -> None:
        raise TimeoutError("this text takes more than time in proportion to its length")

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(30)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, previous)


@pytest.mark.usefixtures("alarm")
@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_hostile_texts_cost_time_in_proportion_to_their_length(rules: str, text: str) -> None:
    assert tokenize(text, rules)


@pytest.mark.parametrize("rules", RULES)
@pytest.mark.parametrize(
    "text",
    ["", " ", "   ", " \n\n\n ", "\t\x1f\u3000\u00a0", "\u200b \ufeff", "\u2800\u3164 \u115f"],
)
def test_a_blank_text_has_no_words(rules: str, text: str) -> None:
    assert tokenize(text, rules) == []
