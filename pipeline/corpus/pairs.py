"""What a pair is, and what every corpus must keep to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from pipeline.corpus.faults import Faults
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
            raise UserError(f"the {split} split has no pairs")


def _check_cells(pairs: Sequence[Pair]) -> None:
    faults = Faults("empty cells (only a text may be empty)")
    for pair in pairs:
        for column in ("id", "image", "label"):
            if not getattr(pair, column):
                faults.add(f"{pair.where}: no {column}")
    faults.stop_if_more_than(0)


def _check_labels(pairs: Sequence[Pair], labels: Sequence[str]) -> None:
    faults = Faults(f"unknown labels; allowed: {', '.join(labels)}")
    unknown = [pair for pair in pairs if pair.label not in labels]
    for pair in unknown:
        faults.add(f"{pair.where}: {pair.label!r}")
    if not unknown:
        return
    counts = Counter(pair.label for pair in unknown).most_common(10)
    raise UserError(
        f"{faults}\nName them in params.yaml, where the first one is only an example"
        " (how often each occurs may tell which is which):\n"
        "corpus:\n  label_map:\n"
        + "\n".join(f'    "{label}": {labels[0]}  # {count} times' for label, count in counts)
    )


def _check_ids(pairs: Sequence[Pair]) -> None:
    faults = Faults("ids that occur twice")
    first: dict[str, Pair] = {}
    for pair in pairs:
        other = first.setdefault(pair.id, pair)
        if other is not pair:
            faults.add(f"{pair.id!r}: {other.where} and {pair.where}")
    faults.stop_if_more_than(0)
