"""Queries of a corpus, and the images that are relevant to each."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.corpus.tables.clicks import count_clicks
from pipeline.errors import UserError
from pipeline.features.texts import EMPTY_TEXT, Texts, text_key
from pipeline.features.truth import TRUTH_FILE, read_field
from pipeline.params.project import CorpusParams, PrepareParams
from pipeline.tokenizers.tokenize import tokenize

_COLUMNS = ["split", "query_key", "image_key"]


@dataclass(frozen=True)
class Queries:
    """The queries of a corpus.

    lines: columns split, query_key, image_key, clicks; one per query and image, which is relevant
    to the query if it has clicks. words: of every distinct query, by key.
    """

    lines: pd.DataFrame
    words: dict[str, list[str]]

    def train_documents(self) -> dict[str, list[str]]:
        """The words of all train queries that an image is relevant to, by key of the image."""
        lines = self.lines[(self.lines["split"] == "train") & (self.lines["clicks"] > 0)]
        documents: dict[str, list[str]] = {}
        for image, query in zip(lines["image_key"], lines["query_key"], strict=True):
            documents.setdefault(image, []).extend(self.words[query])
        return documents


def read_queries(
    corpus: CorpusParams, prepare: PrepareParams, pairs: pd.DataFrame, texts: Texts
) -> Queries:
    """The queries of a prepared corpus.

    A caption is a query to which its image is relevant. The captions of flickr8k and karpathy are
    the texts of pairs; those of the sample corpus are in truth.jsonl. The pairs of click logs are
    queries already. Equal queries of a split are one.

    Args:
        pairs: pairs.parquet. texts: the words of each text by key.

    Raises:
        UserError: the corpus has neither captions nor clicks.
    """
    words = dict(texts)
    if corpus.layout in ("flickr8k", "karpathy"):
        table = pairs.assign(clicks=1)
    elif corpus.layout == "clicks":
        table = pairs.assign(clicks=pairs["id"].map(count_clicks(corpus)))
    else:
        table = _captions(corpus, prepare, pairs).assign(clicks=1)
        words = dict(zip(table["text_key"], table["words"], strict=True))
    table = table.rename(columns={"text_key": "query_key"})
    lines: pd.DataFrame = table.groupby(_COLUMNS, sort=False)[["clicks"]].sum()
    return Queries(lines.reset_index(), words)


def query_words(query: str, prepare: PrepareParams) -> list[str]:
    """The words of a query, tokenized like the texts of the corpus."""
    return tokenize(query, prepare.tokenizer)[: prepare.max_words] or EMPTY_TEXT


def _captions(corpus: CorpusParams, prepare: PrepareParams, pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs with each caption of their images in place of their texts."""
    captions: Mapping[str, list[str]] | None = read_field(Path(corpus.path), "captions")
    if captions is None:
        raise UserError(
            f"{corpus.path} has no {TRUTH_FILE} with captions to search with; search needs"
            " corpus.layout flickr8k, karpathy or clicks, or the sample corpus"
        )
    words = [[query_words(caption, prepare) for caption in captions[id_]] for id_ in pairs["id"]]
    table = (
        pairs.assign(words=pd.Series(words, pairs.index)).explode("words").dropna(subset="words")
    )
    return table.assign(text_key=table["words"].map(text_key))
