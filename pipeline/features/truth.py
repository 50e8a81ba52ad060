"""Ground truth of the generated corpus beyond labels: which words name which objects."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import isfinite
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.faults import parse_json

TRUTH_FILE = "truth.jsonl"

Box = tuple[float, float, float, float]
# By pair id and word: the boxes (x1, y1, x2, y2 in pixels) of the objects that the word names.
NamedBoxes = dict[str, dict[str, list[Box]]]


def read_named_boxes(corpus: Path) -> NamedBoxes | None:
    """Read a corpus' truth.jsonl, by pair id and lower-cased word; None if it has no such file.

    Words that name nothing in the image are left out.

    Raises:
        UserError: the file is damaged.
    """
    pairs = _read(corpus)
    if pairs is None:
        return None
    with _named(corpus):
        return {
            pair["id"]: {
                mention["word"]: [_box(pair["objects"][i]["box"]) for i in mention["objects"]]
                for mention in pair["mentions"]
                if mention["objects"]
            }
            for pair in pairs
        }


def read_field(corpus: Path, field: str) -> dict[str, Any] | None:
    """A field of a corpus' truth.jsonl, such as `captions` or `keywords` (lists of text), by pair
    id; None if it has no such file.

    Raises:
        UserError: the file is damaged.
    """
    pairs = _read(corpus)
    if pairs is None:
        return None
    with _named(corpus):
        return {pair["id"]: _text(pair[field]) for pair in pairs}


def _read(corpus: Path) -> list[dict[str, Any]] | None:
    path = corpus / TRUTH_FILE
    if not path.exists():
        return None
    return [parse_json(line, path) for line in path.read_bytes().splitlines() if line.strip()]


@contextmanager
def _named(corpus: Path) -> Iterator[None]:
    try:
        yield
    except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(
            f"{corpus / TRUTH_FILE} is damaged, or of another format: {reason}"
        ) from None


def _box(values: Any) -> Box:
    x1, y1, x2, y2 = map(float, values)
    if not all(map(isfinite, (x1, y1, x2, y2))):
        raise ValueError(f"the box {values} is not finite")
    return x1, y1, x2, y2


def _text(value: Any) -> Any:
    is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
    if not (isinstance(value, str) or is_list):
        raise TypeError(f"{value!r:.40} is no text, and no list of texts")
    return value
