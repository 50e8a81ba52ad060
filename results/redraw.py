"""Draw a corpus's splits anew: python -m results.redraw SOURCE TARGET COUNT

TARGET/1 to TARGET/COUNT each get all posts of the corpus SOURCE in splits of the same sizes, drawn
with their number as the seed, so that a comparison does not hang on one draw of few test pairs.
"""

import csv
import random
import sys
from pathlib import Path

from pipeline.corpus.pairs import SPLITS
from pipeline.corpus.tables.csv import read_csv

_IMAGES = "image.zip"


def redraw(source: Path, target: Path, seed: int) -> None:
    """Write the corpus's tables in other splits, and link its images."""
    tables = {split: read_csv(source / _table(split), "utf-8-sig") for split in SPLITS}
    rows = [cells for table in tables.values() for _, cells in table.rows]
    random.Random(seed).shuffle(rows)
    target.mkdir(parents=True, exist_ok=True)
    for split, table in tables.items():
        own, rows = rows[: len(table.rows)], rows[len(table.rows) :]
        with (target / _table(split)).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([table.header, *own])
    link = target / _IMAGES
    link.unlink(missing_ok=True)
    link.symlink_to((source / _IMAGES).resolve())


def _table(split: str) -> str:
    return f"{split}_data.csv"


def main(words: list[str]) -> None:
    source, target, count = words
    for seed in range(1, int(count) + 1):
        redraw(Path(source), Path(target) / str(seed), seed)


if __name__ == "__main__":
    main(sys.argv[1:])
