"""Keywords that come with a corpus: one JSON file per image, or the sample's truth.jsonl.

Clickture has two lists of images, the small `dev` and the large `lite`; MS-COCO has one
Karpathy-style `dataset.json`, with keywords for train and test.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from pipeline.core.text_files import read_text
from pipeline.corpus.tables import karpathy
from pipeline.errors import UserError
from pipeline.faults import stop_if_any
from pipeline.features.truth import TRUTH_FILE, read_field
from pipeline.search.features.keywords import (
    RECORDS,
    VOCABULARY,
    Keyworded,
    fit_vocabulary,
    read_records,
    write_keyword_arrays,
    write_vocabulary,
)

KEYWORDS = "keyword"
CLICKTURE_LISTS = {"lite": "train", "dev": "dev"}
_COCO_SPLITS = ("train", "test")
_COCO_SUFFIX = 4  # characters: ".jpg"
_PUBLISHED_MIN_DF = 6
_DIGITS = 18  # of a number; more would not fit in 64 bits


@dataclass(frozen=True)
class KeywordList:
    """Numbered images whose keywords are read on demand.

    ids: (n,) numbers. names: arguments of `read`. splits: (n,), train | dev | test.
    """

    name: str
    ids: npt.NDArray[np.int64]
    names: Sequence[str]
    splits: npt.NDArray[np.str_]
    read: Callable[[str], Sequence[str]]

    def images(self, order: str) -> Iterator[Keyworded]:
        """Number and keywords of every image; order: `list`, as in the list, or `id`."""
        ids = self.ids.tolist()
        rows: Sequence[int] = range(len(ids))
        if order == "id":
            rows = sorted(rows, key=ids.__getitem__)  # stable
        for row in rows:
            yield ids[row], self.read(self.names[row])

    def documents(self, splits: Sequence[str]) -> Iterator[Sequence[str]]:
        """The keywords of every image of some splits."""
        for name in np.array(self.names)[np.isin(self.splits, splits)].tolist():
            yield self.read(name)


def given_keywords(corpus: Path, layout: str) -> list[KeywordList]:
    """The keyword lists that come with a corpus.

    Args:
        layout: karpathy (MS-COCO) | clicks (Clickture) | csv, with the keywords in truth.jsonl.

    Raises:
        UserError: the layout has none, or a file is missing or damaged.
    """
    readers = {"csv": _sample, "karpathy": _coco, "clicks": _clickture}
    if layout not in readers:
        raise UserError(
            f"keywords.source = 'given', but the layout {layout!r} comes with no keywords;"
            " allowed: mined"
        )
    return readers[layout](corpus)


def write_published(out: Path, corpus: Path, layout: str) -> dict[str, int]:
    """Write the vocabulary and the arrays of each list as AMC's published preprocessing has them.

    Words are those of at least 6 images of Clickture's dev list, or of COCO's train and test;
    images are in the order of the list, and image 0 without keywords gets the range [0, -1].

    Args:
        out: a folder for vocab.json and, for each list, <list>/records.npy and ranges.npy.
        layout: clicks (Clickture) | karpathy (MS-COCO).

    Returns the number of words of the vocabulary file, and of records of each list.

    Raises:
        UserError: a file is missing or damaged, no word is frequent, or a file cannot be written.
    """
    lists = given_keywords(corpus, layout)
    fitted = ["dev"] if layout == "clicks" else list(_COCO_SPLITS)
    documents = (words for each in lists for words in each.documents(fitted))
    vocabulary = fit_vocabulary(documents, _PUBLISHED_MIN_DF)
    write_vocabulary(out / VOCABULARY, vocabulary)
    written = {VOCABULARY: len(vocabulary)}
    for each in lists:
        write_keyword_arrays(out / each.name, each.images("list"), vocabulary, legacy_row0=True)
        written[each.name] = len(read_records(out / each.name / RECORDS))
    return written


def read_keywords(path: Path) -> list[str]:
    """The list under tagging.keywords of a JSON file.

    Raises:
        UserError: the file is missing, or has no such list.
    """
    try:
        keywords = json.loads(path.read_bytes())["tagging"]["keywords"]
    except FileNotFoundError:
        raise UserError(f"{path}: no such file of keywords") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError, RecursionError):
        keywords = None
    if not isinstance(keywords, list) or not all(isinstance(word, str) for word in keywords):
        raise UserError(f'{path}: expected {{"tagging": {{"keywords": [words]}}}}')
    return keywords


def _clickture(corpus: Path) -> list[KeywordList]:
    paths = {name: corpus / f"clickture-{name}.lst" for name in CLICKTURE_LISTS}
    found = [_clickture_list(name, path) for name, path in paths.items() if path.exists()]
    if not found:
        raise UserError(f"{corpus} has neither of {', '.join(p.name for p in paths.values())}")
    return found


def _clickture_list(name: str, path: Path) -> KeywordList:
    entries = [line.strip() for line in read_text(path, "utf-8").splitlines() if line.strip()]
    names = [PurePosixPath(entry).name for entry in entries]
    stop_if_any(
        f"{path}: entries whose last part is not a number of at most {_DIGITS} digits",
        (
            repr(entry)
            for entry, name in zip(entries, names, strict=True)
            if not (name.isascii() and name.isdigit() and len(name) <= _DIGITS)
        ),
    )
    ids = np.array([int(name) for name in names], np.int64)
    folder = path.parent / KEYWORDS / f"keywords_{name}"
    splits = np.full(len(entries), CLICKTURE_LISTS[name])
    return KeywordList(name, ids, entries, splits, lambda entry: _read_below(folder, entry))


def _coco(corpus: Path) -> list[KeywordList]:
    folder, fields = corpus / KEYWORDS / "keywords_coco", ("filename", "imgid")
    entries = [
        entry
        for entry in karpathy.read_images(folder / karpathy.FILE, fields)
        if entry["split"] in _COCO_SPLITS
    ]
    names = [f"keyword_{e['split']}/{e['filename'][:-_COCO_SUFFIX]}" for e in entries]
    ids = np.array([entry["imgid"] for entry in entries], np.int64)
    splits = np.array([entry["split"] for entry in entries])
    return [KeywordList("coco", ids, names, splits, lambda name: _read_below(folder, name))]


def _read_below(folder: Path, name: str) -> list[str]:
    """The keywords in `<name>.json`; a list may not lead to files outside of its folder."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise UserError(f"{folder}: the entry {name!r} of its list leads out of the folder")
    return read_keywords(folder / f"{name}.json")


def _sample(corpus: Path) -> list[KeywordList]:
    keywords = read_field(corpus, "keywords")
    splits = read_field(corpus, "split")
    if keywords is None or splits is None:
        raise UserError(
            f"keywords.source = 'given', but {corpus} has no {TRUTH_FILE} with keywords;"
            " allowed: mined"
        )
    stop_if_any(
        f"{corpus / TRUTH_FILE}: pairs whose keywords are no list, or whose split is no text",
        (f"{k!r:.80}" for k in keywords if isinstance(keywords[k], str) or type(splits[k]) is list),
    )
    numbers = np.arange(len(keywords))
    of_split = np.array(list(splits.values()))
    return [KeywordList("images", numbers, list(keywords), of_split, keywords.__getitem__)]
