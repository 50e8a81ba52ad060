"""One's own posts without labels, in one table: posts.csv."""

from hashlib import sha1
from pathlib import Path

from pipeline.corpus.layouts.flickr8k import LABEL
from pipeline.corpus.pairs import SPLITS, Pair
from pipeline.corpus.tables.columns import locate_columns
from pipeline.corpus.tables.csv import read_csv
from pipeline.params.project import CorpusParams

FILE = "posts.csv"
_DEV_SHARE = 10


def read(corpus: CorpusParams) -> list[Pair]:
    """A pair per row, all of label `match`: train, dev, each in file order; there is no test split.

    About a tenth of the images are dev, chosen by a hash of their name as the table has it, so that
    an image in several rows is in one split. Without a column of ids, the number of the row is its
    id, from 1.

    Raises:
        UserError: the table is missing, is not a proper CSV file or lacks a column.
    """
    table = read_csv(Path(corpus.path) / FILE, corpus.encoding)
    has_ids = corpus.columns.id in table.header
    roles = ["id", "image", "text"] if has_ids else ["image", "text"]
    columns = locate_columns(table, corpus, roles)
    pairs = []
    for number, (line, cells) in enumerate(table.rows, start=1):
        identifier = cells[columns["id"]].strip() if has_ids else str(number)
        image = cells[columns["image"]].strip()
        split = "dev" if _is_dev(image) else "train"
        where = f"{FILE} line {line}"
        pairs.append(Pair(identifier, split, LABEL, image, cells[columns["text"]], where))
    return sorted(pairs, key=lambda pair: SPLITS.index(pair.split))


def _is_dev(image: str) -> bool:
    return int(sha1(image.encode()).hexdigest(), 16) % _DEV_SHARE == 0
