"""What is searched with: queries, and which pictures are relevant to each."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.corpus.clicks import count_clicks
from pipeline.corpus.text_keys import EMPTY_TEXT, text_key
from pipeline.corpus.truth import TRUTH_FILE, read_field
from pipeline.corpus.tweets import tokenize
from pipeline.errors import UserError
from pipeline.features.texts import Texts
from pipeline.params import CorpusParams, PrepareParams

_COLUMNS = ["split", "query_key", "image_key"]


@dataclass(frozen=True)
class Queries:
    """The queries of a corpus.

    shown: columns split, query_key, image_key, clicks; a line per query and picture, which is
    relevant to the query if it has clicks. words: of every distinct query, by key.
    """

    shown: pd.DataFrame
    words: dict[str, list[str]]

    def train_documents(self) -> dict[str, list[str]]:
        """By picture, the words of all train queries that it is relevant to."""
        lines = self.shown[(self.shown["split"] == "train") & (self.shown["clicks"] > 0)]
        documents: dict[str, list[str]] = {}
        for image, query in zip(lines["image_key"], lines["query_key"], strict=True):
            documents.setdefault(image, []).extend(self.words[query])
        return documents


def read_queries(
    corpus: CorpusParams, prepare: PrepareParams, pairs: pd.DataFrame, texts: Texts
) -> Queries:
    """The queries of a prepared corpus.

    A caption is a query with one relevant picture, its own: those of flickr8k and karpathy are the
    pairs' texts, those of a table's pairs stand in truth.jsonl. Of click logs, the pairs are the
    queries' own. Equal queries of a split are one.

    Args:
        pairs: pairs.parquet. texts: the words of each text by key.

    Raises:
        UserError: the corpus has neither captions nor clicks.
    """
    if corpus.layout in ("flickr8k", "karpathy"):
        shown = _shown(pairs["split"], pairs["text_key"], pairs["image_key"], [1] * len(pairs))
        return Queries(shown, dict(texts))
    if corpus.layout == "clicks":
        clicks = pairs["id"].map(count_clicks(corpus))
        return Queries(
            _shown(pairs["split"], pairs["text_key"], pairs["image_key"], clicks), dict(texts)
        )
    return _captions(corpus, prepare, pairs)


def query_words(query: str, prepare: PrepareParams) -> list[str]:
    """The words of a query, read as the corpus' texts are."""
    return tokenize(query, prepare.tokenizer)[: prepare.max_words] or EMPTY_TEXT


def _captions(corpus: CorpusParams, prepare: PrepareParams, pairs: pd.DataFrame) -> Queries:
    captions: Mapping[str, list[str]] | None = read_field(Path(corpus.path), "captions")
    if captions is None:
        raise UserError(
            f"{corpus.path} has no {TRUTH_FILE} with captions to search with; search needs"
            " corpus.layout flickr8k, karpathy or clicks, or the sample corpus"
        )
    rows, words = [], {}
    for pair in pairs.itertuples():
        for caption in captions[str(pair.id)]:
            found = query_words(caption, prepare)
            words[text_key(found)] = found
            rows.append((pair.split, text_key(found), pair.image_key, 1))
    split, query, image, clicks = zip(*rows, strict=True)
    return Queries(_shown(split, query, image, clicks), words)


def _shown(
    split: Iterable[object], query: Iterable[object], image: Iterable[object], clicks: Iterable[int]
) -> pd.DataFrame:
    columns = (split, query, image, clicks)
    table = pd.DataFrame(dict(zip((*_COLUMNS, "clicks"), map(list, columns), strict=True)))
    clicked: pd.DataFrame = table.groupby(_COLUMNS, sort=False).agg({"clicks": "sum"})
    return clicked.reset_index()
