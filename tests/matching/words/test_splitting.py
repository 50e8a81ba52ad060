"""Words of captions, as NLTK's word tokenizer finds them where a vocabulary was made with it."""

import pytest

from pipeline.matching.words.splitting import split_words


@pytest.mark.parametrize(
    ("caption", "words"),
    [
        ("A man's dog , a T-shirt .", "a man 's dog , a t-shirt ."),
        (
            "Two dogs' toys: they don't, can't and cannot!",
            "two dogs ' toys : they do n't , ca n't and can not !",
        ),
        ('"Hello", she said (twice).', "`` hello '' , she said ( twice ) ."),
        ("3,000 people at 12:30, or 4.5 of them", "3,000 people at 12:30 , or 4.5 of them"),
        ("He runs. She jumps.", "he runs . she jumps ."),
        ("Mr. Smith in the U.S. army...", "mr. smith in the u.s. army ..."),
        ("Rock 'n roll 'slide' -- we're gonna", "rock 'n roll ' slide ' -- we 're gon na"),
        ("half-pipe/ramp #5 & $10 50%", "half-pipe/ramp # 5 & $ 10 50 %"),
        ("   ", "<unk>"),
    ],
)
def test_splits_as_published_vocabularies_were(caption: str, words: str) -> None:
    assert split_words(caption, "nltk") == words.split()


def test_the_project_splits_otherwise() -> None:
    assert split_words("a T-shirt", "plain") == ["a", "t", "-", "shirt"]
    assert split_words("a T-shirt", "nltk") == ["a", "t-shirt"]
