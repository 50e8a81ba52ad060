"""Splits captions into words."""

from pipeline.tokenizers.tokenize import tokenize

_TOKENIZER = "plain"  # captions have no tweet tokens
_NO_WORDS = ["<unk>"]


def split_words(text: str) -> list[str]:
    """The words of a caption; at least one."""
    return tokenize(text, _TOKENIZER) or _NO_WORDS
