"""Writes the keywords of a corpus' images, given or predicted by a tagger, for training."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import MultiLabelBinarizer

from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.params.project import CorpusParams
from pipeline.params.search import KeywordParams
from pipeline.search.features.keywords import (
    IMAGES,
    TAGGER,
    VOCABULARY,
    Ints,
    fit_vocabulary,
    keyword_words,
    read_keywords_of,
    write_keyword_arrays,
    write_vocabulary,
)
from pipeline.search.features.visual import Visual
from pipeline.search.mining.keyword_files import KeywordList, given_keywords
from pipeline.search.mining.queries import Queries
from pipeline.search.mining.tagging import Floats, Tagger, tag_quality, tags_out_of_fold

Mask = npt.NDArray[np.bool_]

_LIST = "images"
_FIT_SPLITS = {"train": ["train"], "dev": ["dev"], "train+test": ["train", "test"]}


@dataclass(frozen=True)
class DistinctImages:
    """The distinct images of a corpus with their visual features.

    table: columns key, split, id (of the first pair that has the image), name.
    """

    table: pd.DataFrame
    visual: Visual

    @classmethod
    def of(cls, pairs: pd.DataFrame, image_table: pd.DataFrame, visual: Visual) -> "DistinctImages":
        """Join pairs.parquet and images.parquet."""
        first = pairs.drop_duplicates("image_key").rename(columns={"image_key": "key"})
        table = image_table[["key", "name"]].merge(first[["key", "split", "id"]], on="key")
        return cls(table, visual)

    def means(self) -> tuple[Floats, Mask]:
        """The mean vector of each image (P, D_v), and whether it has any region (P,).

        Raises:
            UserError: the feature file lacks an image.
        """
        rows = self.visual.features.index(self.table["key"].tolist())
        return self.visual.means(rows), np.any(self.visual.mask[rows], axis=1)


def write_given(
    folder: Path, corpus: CorpusParams, images: DistinctImages, params: KeywordParams
) -> dict[str, float]:
    """Write the keywords that come with a corpus, and a tagger for images that have none.

    Returns counts, and the quality of the tagger on the dev split.

    Raises:
        UserError: there are no keywords, too few of them, or a file cannot be written.
    """
    lists = given_keywords(Path(corpus.path), corpus.layout)
    splits = _FIT_SPLITS[params.fit_split]
    documents = (words for each in lists for words in each.documents(splits))
    vocabulary = fit_vocabulary(documents, params.min_df)
    for each in lists:
        arrays = each.images(params.order)
        write_keyword_arrays(folder / each.name, arrays, vocabulary, params.legacy_row0)
    places = keyword_places(corpus.layout, images.table, lists)
    _write(folder, vocabulary, places)
    keywords = read_keywords_of(folder, places)
    indicators = MultiLabelBinarizer(classes=range(len(vocabulary)), sparse_output=True)
    y = indicators.fit_transform(keywords).astype(np.float32).toarray()  # (P, V)
    x, visible = images.means()
    split = images.table["split"]
    tagger = _fit_tagger(x, y, (split == "train").to_numpy() & visible, params)
    tagger.save(folder / TAGGER)
    dev = (split == "dev").to_numpy() & visible
    return _report(vocabulary, keywords, tagger.tag(x[dev], params.per_image), y[dev])


def write_mined(
    folder: Path, queries: Queries, images: DistinctImages, params: KeywordParams
) -> dict[str, float]:
    """Write keywords that a tagger predicts, fitted to the queries of the train split.

    Returns counts, and the quality of the tagger on the train split, out of fold.

    Raises:
        UserError: no word is frequent, too few images can be read, or a file cannot be written.
    """
    documents = queries.train_documents()
    vocabulary = fit_vocabulary(documents.values(), params.min_df)
    keys = images.table["key"].tolist()
    indicators = CountVectorizer(
        analyzer=keyword_words(), vocabulary=vocabulary, binary=True, dtype=np.float32
    )
    y = indicators.transform(documents.get(key, []) for key in keys).toarray()  # (P, V)
    x, visible = images.means()
    train = np.array([key in documents for key in keys]) & visible
    tagger = _fit_tagger(x, y, train, params)
    tagger.save(folder / TAGGER)
    tags = tagger.tag(x, params.per_image)
    tags[train] = tags_out_of_fold(x[train], y[train], params.ridge, params.folds, params.per_image)
    named = ((row, [vocabulary[i] for i in tags[row]]) for row in np.flatnonzero(visible).tolist())
    write_keyword_arrays(folder / _LIST, named, vocabulary, params.legacy_row0)
    places = pd.DataFrame({"key": keys, "list": _LIST, "number": range(len(keys))})
    _write(folder, vocabulary, places)
    keywords = [tags[row] if seen else tags[row, :0] for row, seen in enumerate(visible)]
    return _report(vocabulary, keywords, tags[train], y[train])


def keyword_places(layout: str, table: pd.DataFrame, lists: Sequence[KeywordList]) -> pd.DataFrame:
    """The keyword list of each image, and its number there: columns key, list, number.

    The number is, for COCO, the imgid of the captions; for Clickture, with list `lite` for the
    train split and else `dev`, the trailing number of the file's name; for any other corpus, the
    index of the pair. It is -1 for an image in no list.
    """
    names = np.full(len(table), lists[0].name, dtype=object)
    if layout == "karpathy":
        numbers = [int(i.partition("#")[0]) for i in table["id"]]
    elif layout == "clicks":
        wanted = np.where(table["split"] == "train", "lite", "dev").astype(object)
        known = np.isin(wanted, [each.name for each in lists])
        names = np.where(known, wanted, names)
        numbers = np.where(known, table["name"].map(_trailing_number), -1).tolist()
    else:
        index = {identifier: number for number, identifier in enumerate(lists[0].names)}
        numbers = [index.get(identifier, -1) for identifier in table["id"]]
    return pd.DataFrame({"key": table["key"], "list": names, "number": numbers})


def _fit_tagger(x: Floats, y: Floats, train: Mask, params: KeywordParams) -> Tagger:
    train = train & np.any(y, axis=1)
    if train.sum() < params.folds:
        raise UserError(
            f"{train.sum()} images of the train split can be read and have keywords; the tagger"
            f" needs at least keywords.folds = {params.folds}"
        )
    return Tagger.fit(x[train], y[train], params.ridge)


def _trailing_number(file: str) -> int:
    digits = re.search(r"(\d+)$", PurePosixPath(file).stem)
    return int(digits[1]) if digits else -1


def _write(folder: Path, vocabulary: Sequence[str], places: pd.DataFrame) -> None:
    write_vocabulary(folder / VOCABULARY, vocabulary)
    with whole_file(folder / IMAGES) as temporary:
        places.to_parquet(temporary, index=False)


def _report(
    vocabulary: Sequence[str], keywords: Sequence[Ints], tags: Ints, y: Floats
) -> dict[str, float]:
    precision, recall = tag_quality(tags, y)
    return {
        "vocabulary": len(vocabulary),
        "images": len(keywords),
        "images_without_keywords": sum(not len(each) for each in keywords),
        "tagger_precision": round(precision, 4),
        "tagger_recall": round(recall, 4),
    }
