"""What is known of a drawn corpus beyond its labels: which words name which part of the picture."""

import json
from pathlib import Path

TRUTH_FILE = "truth.jsonl"

Box = tuple[float, float, float, float]
# For each pair, the boxes (x1, y1, x2, y2 in pixels) of what each of its words names.
NamedBoxes = dict[str, dict[str, list[Box]]]


def read_named_boxes(corpus: Path) -> NamedBoxes | None:
    """Read a corpus' truth.jsonl, by pair id and lower-cased word; None if it has no such file.

    A word that names nothing in the picture is left out.
    """
    path = corpus / TRUTH_FILE
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        pairs = [json.loads(line) for line in file]
    return {
        pair["id"]: {
            mention["word"]: [tuple(pair["objects"][i]["box"]) for i in mention["objects"]]
            for mention in pair["mentions"]
            if mention["objects"]
        }
        for pair in pairs
    }
