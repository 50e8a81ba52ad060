"""python -m pipeline search: the pictures that a few words describe."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from pipeline import paths
from pipeline.errors import UserError
from pipeline.search.finding import Found, Searcher
from pipeline.search.sheet import strongest, write_sheet

_MODEL = paths.DATA / "models" / "amc"
_KEYWORDS = paths.DATA / "search" / "keywords"
_NAME_WIDTH = 32


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument("query", help='for instance "two dogs on a beach"')
    parser.add_argument(
        "--index",
        type=Path,
        required=True,
        metavar="PATH",
        help="folder or zip archive of pictures, or a feature file (.h5)",
    )
    parser.add_argument(
        "--images", type=Path, metavar="PATH", help="where the pictures of a feature file lie"
    )
    parser.add_argument("--top", type=_count, default=10, metavar="N", help="default: 10")
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="write a contact sheet (HTML) as well"
    )
    parser.add_argument("--model", type=Path, default=_MODEL, metavar="FOLDER")
    parser.add_argument(
        "--keywords",
        type=Path,
        metavar="FOLDER",
        help=f"of pictures known in training; of the default model, {_KEYWORDS}",
    )
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda or cuda:N")
    parser.add_argument(
        "--allow-rounding",
        action="store_true",
        help="accept another device and other library versions than in training",
    )


def run(arguments: Namespace) -> None:
    query = arguments.query.strip()
    if not query:
        raise UserError("the query is empty; say what the pictures should show")
    keywords: Path | None = arguments.keywords
    if keywords is None and arguments.model == _MODEL and _KEYWORDS.exists():
        keywords = _KEYWORDS
    searcher = Searcher.from_pretrained(arguments.model, arguments.device, arguments.allow_rounding)
    pictures = searcher.index(arguments.index, keywords, arguments.images)
    found = pictures.search(query, arguments.top)
    _print(found)
    if arguments.out:
        is_file = arguments.index.suffix == ".h5"
        images = arguments.images if is_file else arguments.index
        write_sheet(arguments.out, query, found, len(pictures.names), images)
        print(f"contact sheet: {arguments.out}", file=sys.stderr)


def _print(found: list[Found]) -> None:
    width = min(max((len(each.name) for each in found), default=0), _NAME_WIDTH)
    print(f"{'':>4}  {'picture':{width}}  score  seen  told  keywords meant")
    for rank, each in enumerate(found, start=1):
        name = each.name if len(each.name) <= width else f"{each.name[: width - 3]}..."
        print(
            f"{rank:>3}.  {name:{width}}  {each.score:5.3f}  {each.seen:.2f}  {each.told:.2f}"
            f"  {', '.join(strongest(each.keywords))}"
        )


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ArgumentTypeError(f"{count} pictures; allowed: 1 or more")
    return count
