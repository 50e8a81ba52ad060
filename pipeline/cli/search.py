"""python -m pipeline search: find the images that match a query."""

import sys
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from pipeline import paths
from pipeline.cli.outputs import require_output
from pipeline.cli.predict import add_model_arguments
from pipeline.core.text_files import read_text
from pipeline.corpus.posts import texts_of_images
from pipeline.errors import UserError, printable
from pipeline.search.retrieval.contact_sheet import strongest, write_sheet
from pipeline.search.retrieval.search import Searchable, Searcher, SearchResult

_MODEL = paths.DATA / "models" / "amc"
_KEYWORDS = paths.DATA / "search" / "keywords"
_NAME_WIDTH = 32


def add_arguments(parser: ArgumentParser) -> None:
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("query", nargs="?", help='for instance "two dogs on a beach"')
    what.add_argument(
        "--texts",
        type=Path,
        metavar="FILE",
        help="the other way round: rank these texts, one per line, for each image",
    )
    parser.add_argument(
        "--index",
        type=Path,
        required=True,
        metavar="PATH",
        help="folder or zip archive of images, or a feature file (.h5)",
    )
    parser.add_argument(
        "--images", type=Path, metavar="PATH", help="folder or archive with a feature file's images"
    )
    parser.add_argument("--top", type=_count, default=10, metavar="N", help="default: 10")
    _add_optional_paths(parser)
    add_model_arguments(parser, _MODEL)


def _add_optional_paths(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="also write a contact sheet (HTML)"
    )
    parser.add_argument(
        "--keywords",
        type=Path,
        metavar="FOLDER",
        help=f"keywords of images known in training; default for the default model: {_KEYWORDS}",
    )


def run(arguments: Namespace) -> None:
    if arguments.texts:
        _describe(arguments)
        return
    query = arguments.query.strip()
    if not query:
        raise UserError("the query is empty; describe what the images should show")
    if arguments.out:
        inputs = (arguments.index, arguments.images, arguments.model, arguments.keywords)
        require_output(arguments.out, ".html", inputs)
    searchable = _indexed(arguments)
    found = searchable.search(query, arguments.top)
    _print(found)
    if arguments.out:
        is_file = arguments.index.suffix == ".h5"
        images = arguments.images if is_file else arguments.index
        texts = texts_of_images(paths.PAIRS, paths.POSTS)
        write_sheet(arguments.out, query, found, len(searchable.names), images, texts)
        print(f"contact sheet: {arguments.out}", file=sys.stderr)


def _describe(arguments: Namespace) -> None:
    if arguments.out:
        raise UserError("--out shows the images of a query; --texts are only printed")
    texts = list(dict.fromkeys(filter(str.strip, read_text(arguments.texts, "utf-8").splitlines())))
    if not texts:
        raise UserError(f"{arguments.texts} has no text")
    for each in _indexed(arguments).describe(texts, arguments.top):
        print(printable(each.name))
        for rank, (text, score) in enumerate(each.texts, start=1):
            print(f"{rank:>3}.  {score:5.3f}  {printable(text)}")


def _indexed(arguments: Namespace) -> Searchable:
    keywords: Path | None = arguments.keywords
    if keywords is None and arguments.model == _MODEL and _KEYWORDS.exists():
        keywords = _KEYWORDS
    searcher = Searcher.from_pretrained(arguments.model, arguments.device, arguments.allow_rounding)
    return searcher.index(arguments.index, keywords, arguments.images)


def _print(found: list[SearchResult]) -> None:
    width = min(max((len(printable(each.name)) for each in found), default=0), _NAME_WIDTH)
    print(f"{'':>4}  {'image':{width}}  score  visual  keywords  attended keywords")
    for rank, each in enumerate(found, start=1):
        name = printable(each.name)
        name = name if len(name) <= width else f"{name[: width - 3]}..."
        print(
            f"{rank:>3}.  {name:{width}}  {each.score:5.3f}  {each.visual_weight:6.2f}"
            f"  {each.keyword_weight:8.2f}  {printable(', '.join(strongest(each.keywords)))}"
        )


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ArgumentTypeError(f"{count} images; allowed: 1 or more")
    return count
