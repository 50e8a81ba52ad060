"""The pairs of a corpus, and the checks that every corpus must pass."""

import difflib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.errors import UserError
from pipeline.faults import SHOWN, stop_if_any

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and a text that were posted together."""

    id: str
    split: str
    label: str
    image: str
    text: str
    where: str
    """File and line, for messages."""


def check_pairs(
    pairs: Sequence[Pair],
    labels: Sequence[str],
    label_map: Mapping[str, str],
    splits: Sequence[str] = SPLITS,
) -> list[Pair]:
    """The pairs, with their labels mapped to class names.

    splits: those that must have pairs.

    Raises:
        UserError: a split without pairs, an empty cell other than the text, an unknown label, an
            id that occurs twice or has a line break; the first ten of a kind and the total.
    """
    _check_splits(pairs, splits)
    _check_cells(pairs)
    _check_names(pairs)
    named = [replace(pair, label=label_map.get(pair.label, pair.label)) for pair in pairs]
    _check_labels(named, labels)
    _check_ids(named)
    return named


def _check_splits(pairs: Sequence[Pair], splits: Sequence[str]) -> None:
    present = {pair.split for pair in pairs}
    for split in splits:
        if split not in present:
            raise UserError(f"the {split} split has no pairs; {', '.join(splits)} each need some")


def _check_cells(pairs: Sequence[Pair]) -> None:
    empty = (
        f"{pair.where}: no {column}"
        for pair in pairs
        for column in ("id", "image", "label")
        if not getattr(pair, column)
    )
    stop_if_any("empty cells (only a text may be empty)", empty)


def _check_names(pairs: Sequence[Pair]) -> None:
    """A line break in an id would break tables apart that others read."""
    broken = (f"{pair.where}: id {pair.id[:40]!r}" for pair in pairs if _CONTROL.search(pair.id))
    stop_if_any("ids with line breaks or other control characters", broken)


def _check_labels(pairs: Sequence[Pair], labels: Sequence[str]) -> None:
    unknown = [pair for pair in pairs if pair.label not in labels]
    # The counts may help the user to tell which label is which.
    counts = Counter(pair.label for pair in unknown).most_common(SHOWN)
    lines = [
        f"    {json.dumps(label)}: {_nearest(label, labels)}  # {n} times" for label, n in counts
    ]
    stop_if_any(
        f"unknown labels; allowed: {', '.join(labels)}",
        (f"{pair.where}: {pair.label!r}" for pair in unknown),
        "\n".join(["Map them in params.yaml:", "corpus:", "  label_map:", *lines]),
    )


def _nearest(label: str, labels: Sequence[str]) -> str:
    names = {name.lower(): name for name in labels}
    near = difflib.get_close_matches(label.lower(), names, n=1)
    return names[near[0]] if near else "<name>"


def _check_ids(pairs: Sequence[Pair]) -> None:
    first = {pair.id: pair for pair in reversed(pairs)}
    repeated = (
        f"{pair.id!r}: {first[pair.id].where} and {pair.where}"
        for pair in pairs
        if first[pair.id] is not pair
    )
    stop_if_any("ids that occur twice", repeated)
