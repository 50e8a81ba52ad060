"""What a pair is, and what every corpus must keep to."""

import difflib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.corpus.faults import SHOWN, Faults
from pipeline.errors import UserError

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True, slots=True)
class Pair:
    """An image and a text that were posted together, as the corpus gives them."""

    id: str
    split: str
    label: str
    image: str
    text: str
    where: str
    """File and line, for messages."""


def check_pairs(
    pairs: Sequence[Pair], labels: Sequence[str], label_map: Mapping[str, str]
) -> list[Pair]:
    """The pairs with their label's name.

    Raises:
        UserError: a split without pairs, an empty cell other than the text, an unknown label, an
            id that occurs twice; the first ten of a kind and the total.
    """
    _check_splits(pairs)
    _check_cells(pairs)
    named = [replace(pair, label=label_map.get(pair.label, pair.label)) for pair in pairs]
    _check_labels(named, labels)
    _check_ids(named)
    return named


def _check_splits(pairs: Sequence[Pair]) -> None:
    present = {pair.split for pair in pairs}
    for split in SPLITS:
        if split not in present:
            raise UserError(f"the {split} split has no pairs; each split needs some")


def _check_cells(pairs: Sequence[Pair]) -> None:
    faults = Faults("empty cells (only a text may be empty)")
    for pair in pairs:
        for column in ("id", "image", "label"):
            if not getattr(pair, column):
                faults.add(f"{pair.where}: no {column}")
    faults.stop_if_more_than(0)


def _check_labels(pairs: Sequence[Pair], labels: Sequence[str]) -> None:
    unknown = [pair for pair in pairs if pair.label not in labels]
    # How often each occurs may tell which label it is; what it is, only the user knows.
    counts = Counter(pair.label for pair in unknown).most_common(SHOWN)
    lines = [
        f"    {json.dumps(label)}: {_nearest(label, labels)}  # {n} times" for label, n in counts
    ]
    faults = Faults(
        f"unknown labels; allowed: {', '.join(labels)}",
        "\n".join(["Say in params.yaml what they mean:", "corpus:", "  label_map:", *lines]),
    )
    for pair in unknown:
        faults.add(f"{pair.where}: {pair.label!r}")
    faults.stop_if_more_than(0)


def _nearest(label: str, labels: Sequence[str]) -> str:
    names = {name.lower(): name for name in labels}
    near = difflib.get_close_matches(label.lower(), names, n=1)
    return names[near[0]] if near else "<name>"


def _check_ids(pairs: Sequence[Pair]) -> None:
    faults = Faults("ids that occur twice")
    first: dict[str, Pair] = {}
    for pair in pairs:
        other = first.setdefault(pair.id, pair)
        if other is not pair:
            faults.add(f"{pair.id!r}: {other.where} and {pair.where}")
    faults.stop_if_more_than(0)
