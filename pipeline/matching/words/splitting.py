"""Splits captions into words."""

from pipeline.matching.words.treebank import split_as_published
from pipeline.params.matching import Tokenizer
from pipeline.tokenizers.tokenize import tokenize

_PLAIN = "plain"  # captions have no tweet tokens
_NO_WORDS = ["<unk>"]


def split_words(text: str, tokenizer: Tokenizer) -> list[str]:
    """The words of a caption; at least one.

    tokenizer: plain, the project's own, or nltk, that of published vocabularies.
    """
    words = split_as_published(text) if tokenizer == "nltk" else tokenize(text, _PLAIN)
    return words or _NO_WORDS
