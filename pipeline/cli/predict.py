"""python -m pipeline predict: the relation of image and text in new posts."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline import paths
from pipeline.cli.outputs import require_output
from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.prediction import Post, Prediction, Predictor, Score, Scorer, read_posts


def add_arguments(parser: ArgumentParser) -> None:
    one = parser.add_argument_group("one post, printed as JSON")
    one.add_argument("--image", type=Path, metavar="FILE")
    one.add_argument("--text")
    many = parser.add_argument_group("many posts, one line of JSON each")
    many.add_argument(
        "--csv", type=Path, metavar="FILE", help="columns image, text and, optionally, id"
    )
    many.add_argument("--images", type=Path, metavar="PATH", help="folder or zip archive")
    many.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="default: predictions.jsonl, or scores.jsonl, beside the CSV file",
    )
    parser.add_argument(
        "--score",
        nargs="?",
        type=Path,
        const=paths.SHIPPED_ANANET,
        metavar="FOLDER",
        help="tell how well image and text fit, by pretrained encoders: those of the folder, or"
        f" {paths.SHIPPED_ANANET}, for which nothing needs to be trained",
    )
    add_model_arguments(parser)


def add_model_arguments(parser: ArgumentParser, model: Path = paths.ANANET) -> None:
    """Add the options for the model and its device; model: the default folder."""
    parser.add_argument("--model", type=Path, default=model, metavar="FOLDER")
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda or cuda:N")
    parser.add_argument(
        "--allow-rounding",
        action="store_true",
        help="accept another device and other library versions than in training",
    )


def run(arguments: Namespace) -> None:
    one, many = (arguments.image, arguments.text), (arguments.csv, arguments.images)
    if None not in one and many == (None, None):
        _predict_one(arguments)
    elif None not in many and one == (None, None):
        _predict_many(arguments)
    else:
        raise UserError("give either --image and --text, or --csv and --images")


def load_predictor(arguments: Namespace) -> Predictor:
    """The model that the options of `add_model_arguments` name.

    Raises:
        UserError: a file is missing or damaged, or an encoder differs from that of the training.
    """
    return Predictor.from_pretrained(arguments.model, arguments.device, arguments.allow_rounding)


def _judge(arguments: Namespace, posts: Sequence[Post]) -> Iterator[Prediction | Score]:
    """The posts' predictions or, with --score, their scores."""
    if not arguments.score:
        return load_predictor(arguments).predict(posts)
    return Scorer.from_pretrained(arguments.score, arguments.device).score(posts)


def _predict_one(arguments: Namespace) -> None:
    path: Path = arguments.image
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    (found,) = _judge(arguments, [Post.of(data, arguments.text, path.name)])
    print(json.dumps(found.as_json(), indent=2, ensure_ascii=False))


def _predict_many(arguments: Namespace) -> None:
    name = "scores" if arguments.score else "predictions"
    out: Path = arguments.out or arguments.csv.with_name(f"{name}.jsonl")
    model = arguments.score or arguments.model
    require_output(out, ".jsonl", [arguments.csv, arguments.images, model])
    with read_posts(arguments.csv, arguments.images) as posts:
        judged = _judge(arguments, posts)
        with whole_file(out) as temporary, temporary.open("w", encoding="utf-8") as file:
            for found in judged:
                file.write(json.dumps(found.as_json(), ensure_ascii=False) + "\n")
    bad = sum(post.status != "ok" for post in posts)
    print(f"{len(posts):,} {name} in {out}", file=sys.stderr)
    if bad:
        print(f"{bad:,} of them without their image: see `image` there", file=sys.stderr)
