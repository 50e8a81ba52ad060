"""Where pictures and captions come from: the project's own corpus, or precomputed folders."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import paths
from pipeline.corpus.pairs import SPLITS
from pipeline.corpus.text_keys import text_key
from pipeline.corpus.truth import TRUTH_FILE
from pipeline.corpus.tweets import tokenize
from pipeline.errors import UserError
from pipeline.features.texts import read_texts
from pipeline.matching.captions import Captions

_TOKENIZER = "plain"  # captions have no markers
_EMPTY = ["<unk>"]


def read_pairs(labels: Sequence[str]) -> dict[str, Captions]:
    """The pairs of these labels in pairs.parquet, by split; texts of one picture are its captions.

    Raises:
        UserError: a file is missing, or a split has no such pair.
    """
    pairs = _pairs()
    if unknown := sorted(set(labels) - set(pairs["label"])):
        raise UserError(
            f"corpus.labels = {list(labels)}: no pair has {unknown};"
            f" {paths.PAIRS} has {sorted(set(pairs['label']))}"
        )
    texts = read_texts(paths.TEXTS)
    matching = pairs[pairs["label"].isin(labels)]
    words = [texts[key] for key in matching["text_key"]]
    return _by_split(matching.reset_index(drop=True), words)


def read_truth_captions(corpus: Path) -> dict[str, Captions]:
    """The captions in a drawn corpus' truth.jsonl, by split: five per picture.

    Raises:
        UserError: the corpus has none.
    """
    path = corpus / TRUTH_FILE
    if not path.exists():
        raise UserError(
            f"{path} not found: only drawn corpora have captions; allowed for others:"
            " corpus.kind = 'pairs'"
        )
    with path.open(encoding="utf-8") as file:
        captions = {pair["id"]: pair["captions"] for pair in map(json.loads, file)}
    pairs = _pairs()
    pairs["caption"] = pairs["id"].map(captions)
    rows = pairs.explode("caption", ignore_index=True)
    rows["id"] += "#" + rows.groupby("id").cumcount().astype(str)
    return _by_split(rows, [split_words(text) for text in rows["caption"]])


def split_words(text: str) -> list[str]:
    """The words of a caption; never none."""
    return tokenize(text, _TOKENIZER) or _EMPTY


def _pairs() -> pd.DataFrame:
    if not paths.PAIRS.exists():
        raise UserError(f"{paths.PAIRS} not found; run the stage prepare (dvc repro)")
    return pd.read_parquet(paths.PAIRS)


def _by_split(table: pd.DataFrame, words: Sequence[list[str]]) -> dict[str, Captions]:
    found = {}
    for split in SPLITS:
        rows = np.flatnonzero(table["split"] == split).tolist()
        if len(rows) < 2:
            raise UserError(f"the {split} split has {len(rows)} captions; matching needs some")
        image, keys = pd.factorize(table["image_key"].iloc[rows])
        found[split] = Captions(
            table["id"].iloc[rows].tolist(),
            image.astype(np.int64),
            [words[row] for row in rows],
            [text_key(words[row]) for row in rows],
            keys.tolist(),
        )
    return found
