"""python -m pipeline keywords: AMC's published preprocessing of keywords, on its files alone."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline.errors import UserError
from pipeline.search.features.keywords import VOCABULARY
from pipeline.search.mining.keyword_files import write_published

# The layouts of corpora whose keyword files are published so.
_LAYOUTS = {"clickture": "clicks", "coco": "karpathy"}


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("corpus", choices=_LAYOUTS)
    parser.add_argument(
        "folder",
        type=Path,
        help="clickture: with clickture-{dev,lite}.lst and keyword/; coco: with keyword/",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER")


def run(arguments: Namespace) -> None:
    out, folder = arguments.out.resolve(), arguments.folder.resolve()
    if out == folder or folder in out.parents:
        raise UserError(f"--out {arguments.out} lies in the folder that is read; give another one")
    written = write_published(arguments.out, arguments.folder, _LAYOUTS[arguments.corpus])
    print(f"{arguments.out / VOCABULARY}: {written.pop(VOCABULARY):,} words")
    for name, records in written.items():
        print(f"{arguments.out / name}: {records:,} records")
