"""The numbers of pairs in CCD, from Table II of the AnANet paper."""

from collections import Counter
from collections.abc import Sequence

from pipeline.corpus.pairs import Pair
from pipeline.errors import UserError

TABLE_II = {
    ("explicit", "train"): 5779,
    ("explicit", "dev"): 542,
    ("explicit", "test"): 558,
    ("implicit", "train"): 1070,
    ("implicit", "dev"): 110,
    ("implicit", "test"): 106,
    ("irrelevant", "train"): 3445,
    ("irrelevant", "dev"): 323,
    ("irrelevant", "test"): 319,
}


def check_counts(pairs: Sequence[Pair]) -> None:
    """Stop unless each label has as many pairs in each split as in CCD.

    No two labels have equal counts, so swapped labels do not pass either.

    Raises:
        UserError: expected and found counts side by side.
    """
    found = Counter((pair.label, pair.split) for pair in pairs)
    if found != TABLE_II:
        table = "\n".join(_side_by_side(found))
        raise UserError(
            "corpus.counts = 'ccd', but the counts are not those of CCD (Table II of the paper):\n"
            f"{table}\nIf labels are swapped, fix corpus.label_map; for another corpus leave counts"
            " empty."
        )


def _side_by_side(found: Counter[tuple[str, str]]) -> list[str]:
    cells = [*TABLE_II, *sorted(found.keys() - TABLE_II.keys())]
    return [
        f"  {label:<12} {split:<6} expected {TABLE_II.get((label, split), 0):>5},"
        f" found {found[label, split]:>5}"
        for label, split in cells
    ]
