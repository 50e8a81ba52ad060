import pytest

from pipeline.tokenizers.tokenize import tokenize


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see http://t.co/abc.", "see <url> ."),
        ("(HTTPS://T.CO/a?b=c)", "( <url> )"),
        ("www.example.org/a, ok", "<url> , ok"),
        ("hi @Some_One2!", "hi <user> !"),
        (":) :-) ;') 8-D (: =D", "<smile> <smile> <smile> <smile> <smile> <smile>"),
        (":p =-PPP", "<lolface> <lolface>"),
        (":( :-(( ): )':", "<sadface> <sadface> <sadface> <sadface>"),
        (":/ :-/ :| =*", "<neutralface> <neutralface> <neutralface> <neutralface>"),
        ("i <3 u &lt;33", "i <heart> u <heart>"),
        ("5 -3 +1.5 10:30 1,000", "<number> <number> <number> <number> <number>"),
        ("#love", "<hashtag> love"),
        ("#LoveIt", "<hashtag> love it"),
        ("#LOVE", "<hashtag> love <allcaps>"),
        ("#2016", "<hashtag> <number>"),
        ("#top10", "<hashtag> top <number>"),
        ("#USAToday_now", "<hashtag> usa <allcaps> today now"),
        ("#Yes!!!", "<hashtag> yes ! <repeat>"),
        ("no!!! what?!?", "no ! <repeat> what ? <repeat>"),
        ("wayyyy sooo, aaab", "way <elong> so <elong> , aaab"),
        ("COOL a BIG RED CAT", "cool <allcaps> a big <allcaps> red <allcaps> cat <allcaps>"),
        ("NOOOO", "no <allcaps> <elong>"),
        ("fish &amp; chips", "fish & chips"),
    ],
)
def test_marker(text: str, expected: str) -> None:
    assert tokenize(text, "glove_fixed") == expected.split()


@pytest.mark.parametrize(
    "text",
    ["good : 8pm", "covid19", "b2b", "friend : dear", "a@b", "a # b", "I", "😂 😂", "мир", "1st"],
)
def test_words_that_the_published_rules_tear_stay_whole(text: str) -> None:
    words = tokenize(text.replace(" :", ":"), "glove_fixed")

    assert not any(word.startswith("<") for word in words)
    assert "".join(words) == text.lower().replace(" ", "")
