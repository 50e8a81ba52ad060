"""Captions of the project's own corpus: the texts of its pairs, or those of its truth.jsonl."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from pipeline import paths
from pipeline.errors import UserError
from pipeline.features.texts import read_texts, text_key
from pipeline.features.truth import TRUTH_FILE, read_field
from pipeline.files import file_hash
from pipeline.matching.captions.captions import Captions
from pipeline.matching.words.splitting import split_words
from pipeline.params.matching import PARAMS_FILE, Tokenizer


def read_pairs(labels: Sequence[str], tokenizer: Tokenizer = "plain") -> dict[str, Captions]:
    """The pairs of these labels in pairs.parquet, by split; texts of one image are its captions.

    tokenizer: plain, for the words that `prepare` found, or nltk, which splits the posts anew.

    Raises:
        UserError: a file is missing, or a split has no such pair.
    """
    pairs = pd.read_parquet(_prepared(paths.PAIRS))
    if unknown := sorted(set(labels) - set(pairs["label"])):
        raise UserError(
            f"corpus.labels = {list(labels)} in {PARAMS_FILE}: no pair has {unknown};"
            f" {paths.PAIRS} has {sorted(set(pairs['label']))}"
        )
    matching = pairs[pairs["label"].isin(labels)]
    if tokenizer == "nltk":
        posts = pd.read_parquet(_prepared(paths.POSTS), columns=["id", "text"]).set_index("id")
        words = [split_words(text, tokenizer) for text in posts["text"][matching["id"]]]
    else:
        texts = read_texts(paths.TEXTS)
        words = [texts[key] for key in matching["text_key"]]
    return _by_split(matching.reset_index(drop=True), words)


def read_truth_captions(corpus: Path, tokenizer: Tokenizer) -> dict[str, Captions]:
    """The captions in a sample corpus' truth.jsonl, by split: five per image.

    Raises:
        UserError: there is no such file, the corpus is not prepared, or a split is empty.
    """
    captions = read_field(corpus, "captions")
    if captions is None:
        raise UserError(
            f"{corpus / TRUTH_FILE} not found: only drawn corpora have captions; allowed for"
            " others: corpus.kind = 'pairs'"
        )
    pairs = pd.read_parquet(_prepared(paths.PAIRS))
    pairs["caption"] = pairs["id"].map(captions)
    rows = pairs.explode("caption", ignore_index=True)
    rows["id"] += "#" + rows.groupby("id").cumcount().astype(str)
    return _by_split(rows, [split_words(text, tokenizer) for text in rows["caption"]])


def _prepared(table: Path) -> Path:
    if not table.exists():
        raise UserError(f"{table} not found; run the stage prepare (dvc repro)")
    return table


def _by_split(table: pd.DataFrame, words: Sequence[list[str]]) -> dict[str, Captions]:
    captions = {}
    for split in ("train", "dev", "test"):
        rows = np.flatnonzero(table["split"] == split).tolist()
        if len(rows) < 2:
            raise UserError(f"the {split} split has {len(rows)} captions; matching needs some")
        image, keys = pd.factorize(table["image_key"].iloc[rows])
        captions[split] = Captions(
            table["id"].iloc[rows].tolist(),
            image.astype(np.int64),
            [words[row] for row in rows],
            [text_key(words[row]) for row in rows],
            keys.tolist(),
        )
    return captions


def region_digests() -> dict[str, str]:
    """The sha256 of the corpus' region features, by the file's name.

    Raises:
        UserError: they are missing.
    """
    if not paths.REGIONS.exists():
        raise UserError(f"{paths.REGIONS} not found; run the stage extract_regions (dvc repro)")
    return {paths.REGIONS.name: file_hash(paths.REGIONS)}
