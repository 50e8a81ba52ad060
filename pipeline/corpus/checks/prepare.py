"""Reads and checks a corpus, and makes its tables of pairs, images and texts."""

import json
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from tqdm import tqdm

from pipeline.corpus.checks.ccd import check_counts
from pipeline.corpus.checks.image_check import CheckedImage, check_images
from pipeline.corpus.checks.purpose import check_labels_of_captions, warn_of_one_class
from pipeline.corpus.checks.report import describe_images, describe_pairs, describe_texts
from pipeline.corpus.layouts.registry import read_layout
from pipeline.corpus.pairs import SPLITS, Pair, check_pairs
from pipeline.errors import UserError
from pipeline.faults import SHOWN, list_faults
from pipeline.features.texts import EMPTY_TEXT, text_key
from pipeline.files import whole_file, write_text
from pipeline.images.corpus import images_path
from pipeline.images.source import ImageSource
from pipeline.params.project import CorpusParams, PrepareParams
from pipeline.tokenizers.tokenize import tokenize

_BAD_IMAGES_HINT = (
    "If that many are to be expected, raise prepare.max_bad_images: such a pair keeps its text,"
    " and its image counts as having no regions."
)


@dataclass(frozen=True)
class PreparedCorpus:
    """The tables that all later stages read, and a report of counts.

    pairs: id, split, label, image_key, text_key; train, dev, test, each in file order.
    images: key, name, status (ok, missing, unreadable), width, height.
    texts: key, words.
    posts: id, text as people wrote it; in the order of pairs. Training does not depend on it.

    A key is the sha256 of a file's bytes, or of the words joined by spaces. Images and texts are in
    order of first appearance.
    """

    pairs: pd.DataFrame
    images: pd.DataFrame
    texts: pd.DataFrame
    posts: pd.DataFrame
    report: dict[str, Any]

    def write(self, pairs: Path, images: Path, texts: Path, report: Path) -> None:
        """Write the tables as Parquet files and the report as JSON.

        Raises:
            UserError: a file cannot be written.
        """
        for path, table in ((pairs, self.pairs), (images, self.images), (texts, self.texts)):
            _write_table(path, table)
        write_text(report, json.dumps(self.report, indent=2, ensure_ascii=False) + "\n")

    def write_posts(self, path: Path) -> None:
        """Write the texts as people wrote them as a Parquet file.

        Raises:
            UserError: the file cannot be written.
        """
        _write_table(path, self.posts)


def _write_table(path: Path, table: pd.DataFrame) -> None:
    with whole_file(path) as temporary:
        table.to_parquet(temporary, index=False)


def prepare_corpus(
    corpus: CorpusParams, prepare: PrepareParams, splits: Sequence[str] = SPLITS
) -> PreparedCorpus:
    """Read and check a corpus, and give every image and text its key.

    splits: those to read; each must have pairs.

    Raises:
        UserError: a fault in the tables, a layout without one of the splits, or more bad images
            than `prepare.max_bad_images`.
    """
    raw, images = _read(corpus, splits, prepare.max_pixels)
    files = {image.name: image for image in images}.values()
    bad = _bad_images(files, prepare.max_bad_images)
    texts = tqdm([pair.text for pair in raw], desc="split texts", unit="text")
    all_words = [tokenize(text, prepare.tokenizer) for text in texts]
    words = [text[: prepare.max_words] or EMPTY_TEXT for text in all_words]
    pairs = _pair_table(raw, images, words)
    return PreparedCorpus(
        pairs=pairs,
        images=_image_table(images),
        texts=_text_table(words),
        posts=_post_table(raw),
        report={
            "pairs": describe_pairs(pairs, corpus.labels),
            "images": describe_images(pairs, files, bad[:SHOWN]),
            "texts": describe_texts(pairs, all_words, prepare.max_words),
        },
    )


def _read(
    corpus: CorpusParams, splits: Sequence[str], max_pixels: int
) -> tuple[list[Pair], list[CheckedImage]]:
    if corpus.layout == "posts" and "test" in splits:
        raise UserError(
            "corpus.layout = 'posts' has no labels and no test split; it is for pretraining only"
        )
    check_labels_of_captions(corpus)
    with ImageSource.open(images_path(Path(corpus.path), corpus.images)) as source:
        raw = [pair for pair in read_layout(corpus) if pair.split in splits]
        pairs = check_pairs(raw, corpus.labels, corpus.label_map, splits)
        if "test" in splits:  # not where posts are prepared for pretraining
            warn_of_one_class(pairs)
        if corpus.counts == "ccd":
            check_counts(pairs)
        checked = check_images(source, (pair.image for pair in pairs), max_pixels)
    return pairs, [checked[pair.image] for pair in pairs]


def _bad_images(files: Collection[CheckedImage], most: int) -> list[str]:
    bad = [f"{i.name!r} is {i.status}: {i.reason}" for i in files if i.status != "ok"]
    if len(bad) > most:
        title = f"missing or unreadable images, of {len(files)}"
        raise UserError(list_faults(title, bad, _BAD_IMAGES_HINT))
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


def _post_table(pairs: Sequence[Pair]) -> pd.DataFrame:
    table = {"id": [pair.id for pair in pairs], "text": [pair.text for pair in pairs]}
    return pd.DataFrame(table, dtype=str)
