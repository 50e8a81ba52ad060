"""python -m pipeline triads: a click log of Clickture's form in the layout `clicks`."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.cli.outputs import require_output
from pipeline.corpus.pairs import SPLITS
from pipeline.corpus.triads import convert_triads


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "file", type=Path, help="lines of picture, query and clicks, separated by tabs"
    )
    parser.add_argument("--split", choices=SPLITS, required=True)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FOLDER", help="of the corpus, as corpus.path"
    )
    parser.add_argument(
        "--suffix",
        default="",
        metavar="TEXT",
        help="of the pictures' files, where the log has their names without, such as .jpg",
    )


def run(arguments: Namespace) -> None:
    table = arguments.out / f"{arguments.split}_clicks.csv"
    require_output(table, ".csv", [arguments.file])
    count = convert_triads(arguments.file, table, arguments.suffix)
    print(f"{table}: {count:,} lines")
