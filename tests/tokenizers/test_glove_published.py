"""The published rules: purpose first, then every known quirk.

The expected texts are what the published Ruby script itself prints (its last rule with a space on
either side), given the same lines.
"""

import pytest

from pipeline.tokenizers.glove_published import rewrite_as_published


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://t.co/abc now", "see <url> now"),
        ("see https://t.co/a?b=c.", "see <url>."),
        ("www.example.org/a", "<url>"),
        ("and/or", "and / or"),
        ("hi @Some_One2!", "hi <user>!"),
        (":) :-) ;') 8D (no", "<smile> <smile> <smile> <smile> (no"),
        (":p =-PPP", "<lolface> <lolface>"),
        (":( :-((", "<sadface> <sadface>"),
        (":| :-l =*", "<neutralface> <neutralface> <neutralface>"),
        ("i <3 u", "i <heart> u"),
        ("5 -3 +1.5 10:30 1,000", "<number> <number> <number> <number> <number>"),
        ("#love", "<hashtag> love"),
        ("#LoveIt", "<hashtag> love it"),
        ("#A", "<hashtag> a <allcaps>"),
        ("no!!! what?!?", "no! <repeat> what? <repeat>"),
        ("wayyyy sooo cool", "way <elong> so <elong> cool"),
        ("so COOL indeed", "so cool  <allcaps>indeed"),
    ],
)
def test_rule(text: str, expected: str) -> None:
    assert rewrite_as_published(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("a :/", "a : /  <allcaps>", id="slashes are spaced out before faces are seen"),
        pytest.param("<3", "<heart>", id="hearts come before numbers"),
        pytest.param("<33", "<heart><number>", id="and what is left of one is a number"),
        pytest.param("#2016", "<hashtag> <number> <allcaps>", id="a marker counts as capitals"),
        pytest.param("#top10", "<hashtag> top< n u m b e  <allcaps>r>", id="or is torn at them"),
        pytest.param("covid19 B2B", "covid<number> b<number>b", id="digits inside words"),
        pytest.param("v1.2, ok", "v<number> ok", id="a number takes the comma behind it"),
        pytest.param("Good: 8pm", "goo<smile> <lolface>m", id="faces inside words"),
        pytest.param("):", "<smile>", id="a mirrored sad face is a smile"),
        pytest.param("an #a! b", "an <hashtag> a! b", id="a hashtag reaches to the next space"),
        pytest.param("COOL it is COOL", "cool it is cool", id="no capitals at either end"),
        pytest.param("a BIG RED b", "a big red  <allcaps>b", id="neighbours in capitals are one"),
        pytest.param("a AB CD-EF b", "a ab  <allcaps>cd-ef b", id="a hyphen ends the capitals"),
        pytest.param("a 😂😂 b", "a 😂😂  <allcaps>b", id="emoji count as capitals"),
        pytest.param("a мир b", "a мир  <allcaps>b", id="and so do other scripts"),
        pytest.param("a / b", "a  /   <allcaps>b", id="and a slash with its spaces"),
        pytest.param("aaa-b aaab", "a <elong>-b aaab", id="elongated only where a word ends"),
        pytest.param("a---b", "a- <elong>b", id="elongated marks between words"),
        pytest.param("a   b", "a  <elong>b", id="elongated spaces"),
        pytest.param("a --- b", "a --- b", id="but not marks that stand alone"),
        pytest.param("#LOVE", "<hashtag> love  <allcaps><allcaps>", id="two rules see capitals"),
        pytest.param("#No...", "<hashtag> no. <repeat>", id="a hashtag takes the marks behind it"),
    ],
)
def test_quirk(text: str, expected: str) -> None:
    assert rewrite_as_published(text) == expected
