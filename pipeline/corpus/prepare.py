"""A corpus checked and turned into tables: pairs, and the images and texts they consist of."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from pipeline.corpus.ccd import check_counts
from pipeline.corpus.clicks import read_clicks
from pipeline.corpus.faults import Faults
from pipeline.corpus.flickr8k import read_flickr8k
from pipeline.corpus.image_check import CheckedImage, check_images
from pipeline.corpus.image_names import ImageNames
from pipeline.corpus.images import ImageSource
from pipeline.corpus.karpathy import read_karpathy
from pipeline.corpus.mdid import read_mdid
from pipeline.corpus.pairs import Pair, check_pairs
from pipeline.corpus.report import describe_images, describe_pairs, describe_texts
from pipeline.corpus.tables import read_tables
from pipeline.corpus.text_keys import EMPTY_TEXT, text_key
from pipeline.corpus.tweets import tokenize
from pipeline.params import CorpusParams, PrepareParams

# Layouts that name their pictures' files; a CSV table's column may have to be found by them.
_READERS = {
    "mdid": read_mdid,
    "flickr8k": read_flickr8k,
    "karpathy": read_karpathy,
    "clicks": read_clicks,
}


@dataclass(frozen=True)
class PreparedCorpus:
    """The tables that every later stage reads, and counts for people.

    pairs: id, split, label, image_key, text_key; train, dev, test, each in file order.
    images: key, name, status (ok, missing, unreadable), width, height.
    texts: key, words.

    A key is the sha256 of a file's bytes, or of the words with a space between them. Images and
    texts stand in order of first appearance.
    """

    pairs: pd.DataFrame
    images: pd.DataFrame
    texts: pd.DataFrame
    report: dict[str, Any]


def prepare_corpus(corpus: CorpusParams, prepare: PrepareParams) -> PreparedCorpus:
    """Read, check and key a corpus.

    Raises:
        UserError: a fault in the tables, or more bad images than `prepare.max_bad_images`.
    """
    with ImageSource.open(Path(corpus.path) / corpus.images) as source:
        raw = read_pairs(corpus, ImageNames(source.names()))
        checked = check_images(source, (pair.image for pair in raw))
    images = [checked[pair.image] for pair in raw]
    files = {image.name: image for image in images}.values()
    bad = _bad_images(files)
    bad.stop_if_more_than(prepare.max_bad_images)
    texts = tqdm([pair.text for pair in raw], desc="split texts", unit="text")
    found = [tokenize(text, prepare.tokenizer) for text in texts]
    words = [text[: prepare.max_words] or EMPTY_TEXT for text in found]
    pairs = _pair_table(raw, images, words)
    return PreparedCorpus(
        pairs=pairs,
        images=_image_table(images),
        texts=_text_table(words),
        report={
            "pairs": describe_pairs(pairs, corpus.labels),
            "images": describe_images(pairs, files, bad.first),
            "texts": describe_texts(pairs, found, prepare.max_words),
        },
    )


def read_pairs(corpus: CorpusParams, files: ImageNames) -> list[Pair]:
    """The checked pairs of a corpus, whatever its layout.

    Raises:
        UserError: a fault in the tables.
    """
    pairs = check_pairs(_read_layout(corpus, files), corpus.labels, corpus.label_map)
    if corpus.counts == "ccd":
        check_counts(pairs)
    return pairs


def _read_layout(corpus: CorpusParams, files: ImageNames) -> list[Pair]:
    if corpus.layout == "csv":
        return read_tables(corpus, files)
    return _READERS[corpus.layout](corpus)


def _bad_images(images: Collection[CheckedImage]) -> Faults:
    bad = Faults(
        f"missing or unreadable pictures, of {len(images)}",
        "If that many are to be expected, raise prepare.max_bad_images: such a pair keeps its text,"
        " and its picture counts as having no regions.",
    )
    for image in images:
        if image.status != "ok":
            bad.add(f"{image.name!r} is {image.status}: {image.reason}")
    return bad


def _pair_table(
    pairs: Sequence[Pair], images: Sequence[CheckedImage], words: Iterable[Sequence[str]]
) -> pd.DataFrame:
    columns = {
        "id": [pair.id for pair in pairs],
        "split": [pair.split for pair in pairs],
        "label": [pair.label for pair in pairs],
        "image_key": [image.key for image in images],
        "text_key": [text_key(text) for text in words],
    }
    return pd.DataFrame(columns, dtype=str)


def _image_table(images: Sequence[CheckedImage]) -> pd.DataFrame:
    first = {image.key: image for image in reversed(images)}
    rows = [first[key] for key in dict.fromkeys(image.key for image in images)]
    columns = ["key", "name", "status", "width", "height"]
    return pd.DataFrame([[getattr(row, name) for name in columns] for row in rows], columns=columns)


def _text_table(words: Iterable[Sequence[str]]) -> pd.DataFrame:
    distinct = {text_key(text): list(text) for text in words}
    return pd.DataFrame({"key": list(distinct), "words": list(distinct.values())})
