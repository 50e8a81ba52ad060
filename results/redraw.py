"""Draw a corpus's splits anew: python -m results.redraw SOURCE TARGET COUNT

TARGET/1 to TARGET/COUNT each get all posts of the corpus SOURCE in splits of the same sizes, drawn
with their number as the seed, so that a comparison does not hang on one draw of few test pairs.
"""

import csv
import random
import sys
from pathlib import Path

from pipeline.corpus.pairs import SPLITS

_IMAGES = "image.zip"


def redraw(source: Path, target: Path, seed: int) -> None:
    """Write the corpus's tables in other splits, and link its images."""
    tables = {split: _read(source / _table(split)) for split in SPLITS}
    header, rows = tables["train"][0], [row for table in tables.values() for row in table[1:]]
    random.Random(seed).shuffle(rows)
    target.mkdir(parents=True, exist_ok=True)
    for split, table in tables.items():
        own, rows = rows[: len(table) - 1], rows[len(table) - 1 :]
        with (target / _table(split)).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *own])
    link = target / _IMAGES
    link.unlink(missing_ok=True)
    link.symlink_to((source / _IMAGES).resolve())


def _table(split: str) -> str:
    return f"{split}_data.csv"


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return [*csv.reader(file)]


def main(words: list[str]) -> None:
    source, target, count = words
    for seed in range(1, int(count) + 1):
        redraw(Path(source), Path(target) / str(seed), seed)


if __name__ == "__main__":
    main(sys.argv[1:])
