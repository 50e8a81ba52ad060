"""Splits captions into words."""

from functools import cache
from typing import Any

from pipeline.matching.words.sentences import split_sentences
from pipeline.params.matching import Tokenizer
from pipeline.tokenizers.tokenize import tokenize

_PLAIN = "plain"  # captions have no tweet tokens
_NO_WORDS = ["<unk>"]


def split_words(text: str, tokenizer: Tokenizer) -> list[str]:
    """The words of a caption; at least one.

    tokenizer: plain, the project's own, or nltk, that of published vocabularies.
    """
    words = _split_as_published(text) if tokenizer == "nltk" else tokenize(text, _PLAIN)
    return words or _NO_WORDS


def _split_as_published(text: str) -> list[str]:
    sentences = split_sentences(text.lower())
    return [word for sentence in sentences for word in _nltk().tokenize(sentence)]


@cache
def _nltk() -> Any:
    # Importing it takes as long as splitting ten thousand captions.
    from nltk.tokenize.destructive import NLTKWordTokenizer

    return NLTKWordTokenizer()
