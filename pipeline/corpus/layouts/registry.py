"""Reads a corpus with the module of this package that its layout names."""

from importlib import import_module

from pipeline.corpus.pairs import Pair
from pipeline.params.project import CorpusParams


def read_layout(corpus: CorpusParams) -> list[Pair]:
    """The unchecked pairs of a corpus.

    Raises:
        UserError: a fault in its files.
    """
    pairs: list[Pair] = import_module(f".{corpus.layout}", __package__).read(corpus)
    return pairs
