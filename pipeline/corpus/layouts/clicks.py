"""Click logs: the images shown for a query, and how often each was clicked."""

from pipeline.corpus.pairs import SPLITS, Pair
from pipeline.corpus.tables.clicks import read_clicks
from pipeline.params.project import CorpusParams

CLICKED, PASSED = "clicked", "passed"


def read(corpus: CorpusParams) -> list[Pair]:
    """A pair per row of {train,dev,test}_clicks.csv, columns query, image and clicks.

    Its label is `clicked`, or `passed` with no click.

    Raises:
        UserError: a table is missing or not a proper CSV file, lacks a column, or its clicks are
            not whole numbers.
    """
    return [
        Pair(identifier, split, CLICKED if clicks else PASSED, image, query, identifier)
        for split in SPLITS
        for identifier, query, image, clicks in read_clicks(corpus, split)
    ]
