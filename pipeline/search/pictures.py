"""The keywords of a corpus' pictures, given or found by a tagger, written for training."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.params import CorpusParams
from pipeline.search.data import read_keywords_of
from pipeline.search.keyword_files import KeywordList, given_keywords
from pipeline.search.keywords import (
    PICTURES,
    TAGGER,
    VOCABULARY,
    Ints,
    fit_vocabulary,
    keyword_words,
    write_keyword_arrays,
    write_vocabulary,
)
from pipeline.search.params import KeywordParams
from pipeline.search.queries import Queries
from pipeline.search.tagging import Floats, Tagger, tag_quality, tags_out_of_fold
from pipeline.search.visual import Visual

Mask = npt.NDArray[np.bool_]

_OWN = "pictures"
_FIT_SPLITS = {"train": ["train"], "dev": ["dev"], "train+test": ["train", "test"]}


@dataclass(frozen=True)
class CorpusPictures:
    """The distinct pictures of a corpus: one line each of key, split, id (of the first pair that
    has it) and name, and what is seen of them."""

    table: pd.DataFrame
    visual: Visual

    @classmethod
    def of(cls, pairs: pd.DataFrame, images: pd.DataFrame, visual: Visual) -> "CorpusPictures":
        """Join pairs.parquet and images.parquet."""
        first = pairs.drop_duplicates("image_key").rename(columns={"image_key": "key"})
        table = images[["key", "name"]].merge(first[["key", "split", "id"]], on="key")
        return cls(table, visual)

    def means(self) -> tuple[Floats, Mask]:
        """The mean vector of each picture (P, D_v), and whether there is anything to see (P,)."""
        rows = self.visual.features.index(self.table["key"].tolist())
        return self.visual.means(rows), np.any(self.visual.mask[rows], axis=1)

    def of_split(self, name: str) -> Mask:
        """Which pictures stand in a split (P,)."""
        return np.asarray(self.table["split"] == name)


def write_given(
    folder: Path, corpus: CorpusParams, pictures: CorpusPictures, params: KeywordParams
) -> dict[str, float]:
    """Write the keywords that come with a corpus, and a tagger for pictures that have none.

    Returns: counts, and how well the tagger does on the dev split.
    """
    lists = given_keywords(Path(corpus.path), corpus.layout)
    splits = _FIT_SPLITS[params.fit_split]
    documents = (words for each in lists for words in each.documents(splits))
    vocabulary = fit_vocabulary(documents, params.min_df)
    for each in lists:
        arrays = each.pictures(params.order)
        write_keyword_arrays(folder / each.name, arrays, vocabulary, params.legacy_row0)
    places = keyword_places(corpus.layout, pictures.table, lists)
    _write(folder, vocabulary, places)
    own = read_keywords_of(folder, places)
    (x, seen), y = pictures.means(), _indicators(own, len(vocabulary))
    tagger = _fit_tagger(x, y, pictures.of_split("train") & seen, params)
    tagger.save(folder / TAGGER)
    dev = pictures.of_split("dev") & seen
    return _report(vocabulary, own, tagger.tag(x[dev], params.per_picture), y[dev])


def write_mined(
    folder: Path, queries: Queries, pictures: CorpusPictures, params: KeywordParams
) -> dict[str, float]:
    """Give every picture keywords of which the train split's queries teach a tagger.

    Returns: counts, and how well the tagger does on the train split, out of fold.
    """
    documents = queries.train_documents()
    vocabulary = fit_vocabulary(documents.values(), params.min_df)
    numbers, words_of = {word: i for i, word in enumerate(vocabulary)}, keyword_words()
    keys = pictures.table["key"].tolist()
    said = [words_of(documents.get(key, [])) for key in keys]
    y = _indicators(
        [np.array([numbers[w] for w in own if w in numbers], np.int64) for own in said],
        len(vocabulary),
    )
    x, seen = pictures.means()
    train = np.array([key in documents for key in keys]) & seen
    tagger = _fit_tagger(x, y, train, params)
    tagger.save(folder / TAGGER)
    tags = tagger.tag(x, params.per_picture)
    tags[train] = tags_out_of_fold(
        x[train], y[train], params.ridge, params.folds, params.per_picture
    )
    named = ((row, [vocabulary[i] for i in tags[row]]) for row in np.flatnonzero(seen).tolist())
    write_keyword_arrays(folder / _OWN, named, vocabulary, params.legacy_row0)
    places = pd.DataFrame({"key": keys, "list": _OWN, "number": range(len(keys))})
    _write(folder, vocabulary, places)
    own = [tags[row] if there else tags[row, :0] for row, there in enumerate(seen)]
    return _report(vocabulary, own, tags[train], y[train])


def keyword_places(layout: str, table: pd.DataFrame, lists: Sequence[KeywordList]) -> pd.DataFrame:
    """Which list a picture's keywords stand in, and its number there: key, list, number.

    A picture of COCO has the imgid of its captions; one of Clickture, in `lite` if it is of the
    train split and else in `dev`, the number that its file's name ends in; any other, the place of
    its pair. -1 where there is none.
    """
    if layout == "karpathy":
        names, numbers = lists[0].name, [int(i.partition("#")[0]) for i in table["id"]]
        return pd.DataFrame({"key": table["key"], "list": names, "number": numbers})
    if layout == "clicks":
        known = {each.name for each in lists}
        wanted = np.where(table["split"] == "train", "lite", "dev")
        fallback = lists[0].name
        found = [
            (name, _trailing_number(file)) if name in known else (fallback, -1)
            for name, file in zip(wanted.tolist(), table["name"], strict=True)
        ]
        return pd.DataFrame(
            {
                "key": table["key"],
                "list": [name for name, _ in found],
                "number": [number for _, number in found],
            }
        )
    place = {identifier: number for number, identifier in enumerate(lists[0].names)}
    numbers = [place.get(identifier, -1) for identifier in table["id"]]
    return pd.DataFrame({"key": table["key"], "list": lists[0].name, "number": numbers})


def _fit_tagger(x: Floats, y: Floats, train: Mask, params: KeywordParams) -> Tagger:
    """Learn from the train pictures that can be seen and have keywords.

    Raises:
        UserError: there are too few.
    """
    train = train & np.any(y, axis=1)
    if train.sum() < params.folds:
        raise UserError(
            f"{train.sum()} pictures of the train split can be read and have keywords; the tagger"
            f" needs at least keywords.folds = {params.folds}"
        )
    return Tagger.fit(x[train], y[train], params.ridge)


def _trailing_number(file: str) -> int:
    digits = re.search(r"(\d+)$", PurePosixPath(file).stem)
    return int(digits[1]) if digits else -1


def _indicators(keywords: Sequence[Ints], count: int) -> Floats:
    """Whether each picture has each keyword (P, V)."""
    y = np.zeros((len(keywords), count), np.float32)
    for row, own in enumerate(keywords):
        y[row, own] = 1
    return y


def _write(folder: Path, vocabulary: Sequence[str], places: pd.DataFrame) -> None:
    write_vocabulary(folder / VOCABULARY, vocabulary)
    with whole_file(folder / PICTURES) as temporary:
        places.to_parquet(temporary, index=False)


def _report(
    vocabulary: Sequence[str], keywords: Sequence[Ints], tags: Ints, y: Floats
) -> dict[str, float]:
    precision, recall = tag_quality(tags, y)
    return {
        "vocabulary": len(vocabulary),
        "pictures": len(keywords),
        "pictures_without_keywords": sum(not len(own) for own in keywords),
        "tagger_precision": round(precision, 4),
        "tagger_recall": round(recall, 4),
    }
