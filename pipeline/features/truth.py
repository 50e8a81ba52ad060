"""Ground truth of the generated corpus beyond labels: which words name which objects."""

import json
from pathlib import Path
from typing import Any

TRUTH_FILE = "truth.jsonl"

Box = tuple[float, float, float, float]
# By pair id and word: the boxes (x1, y1, x2, y2 in pixels) of the objects that the word names.
NamedBoxes = dict[str, dict[str, list[Box]]]


def read_named_boxes(corpus: Path) -> NamedBoxes | None:
    """Read a corpus' truth.jsonl, by pair id and lower-cased word; None if it has no such file.

    Words that name nothing in the image are left out.
    """
    pairs = _read(corpus)
    if pairs is None:
        return None
    return {
        pair["id"]: {
            mention["word"]: [tuple(pair["objects"][i]["box"]) for i in mention["objects"]]
            for mention in pair["mentions"]
            if mention["objects"]
        }
        for pair in pairs
    }


def read_field(corpus: Path, field: str) -> dict[str, Any] | None:
    """A field of a corpus' truth.jsonl, such as `captions` or `keywords` (lists of text), by pair
    id; None if it has no such file."""
    pairs = _read(corpus)
    return None if pairs is None else {pair["id"]: pair[field] for pair in pairs}


def _read(corpus: Path) -> list[dict[str, Any]] | None:
    path = corpus / TRUTH_FILE
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]
