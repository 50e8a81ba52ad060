"""python -m pipeline predict: the relation of image and text in new posts."""

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from pipeline import paths
from pipeline.cli.outputs import add_raw_argument, require_output
from pipeline.core.cells import escaped
from pipeline.corpus.tables.posts import read_post_table
from pipeline.errors import UserError, printable
from pipeline.files import whole_file
from pipeline.labelled.gold import read_gold
from pipeline.labelled.measures import Measuring, write_measures
from pipeline.labelled.settings import Settings, read_settings
from pipeline.prediction import Post, Prediction, Predictor, Score, Scorer, posts_of

_NAMES = {False: "predictions", True: "scores"}
_SHOWN = {"accuracy": "accuracy", "f1_weighted": "weighted F1", "f1_macro": "macro F1"}


def add_arguments(parser: ArgumentParser) -> None:
    one = parser.add_argument_group("one post, printed as JSON")
    one.add_argument("--image", type=Path, metavar="FILE")
    one.add_argument("--text")
    many = parser.add_argument_group("many posts, one line of JSON each")
    many.add_argument(
        "--csv",
        type=Path,
        metavar="FILE",
        help="columns image, text and, optionally, id and label, or as corpus.columns names them;"
        " labelled posts are also measured",
    )
    many.add_argument("--images", type=Path, metavar="PATH", help="folder or zip archive")
    many.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="default: predictions.jsonl, or scores.jsonl, beside the CSV file",
    )
    add_raw_argument(many)
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


def load_scorer(arguments: Namespace) -> Scorer:
    """The pretrained encoders that --score names.

    Raises:
        UserError: a file is missing or damaged, or an encoder is missing or differs.
    """
    return Scorer.from_pretrained(arguments.score, arguments.device)


def _predict_one(arguments: Namespace) -> None:
    path: Path = arguments.image
    try:
        data = path.read_bytes()
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    posts = [Post.of(data, arguments.text, path.name)]
    judge = load_scorer(arguments).score if arguments.score else load_predictor(arguments).predict
    (found,) = judge(posts)
    print(_as_text(found.as_json(), indent=2))


def _predict_many(arguments: Namespace) -> None:
    settings = read_settings()
    table = read_post_table(arguments.csv, settings.encoding, settings.columns)
    outputs = _outputs(arguments, measured=table.labels is not None)
    with posts_of(table.rows, arguments.images) as posts:
        if arguments.score:
            _write(outputs[0], load_scorer(arguments).score(posts), arguments.raw)
        else:
            predictor = load_predictor(arguments)
            gold = read_gold(table, predictor.labels, settings.label_map)
            measuring = Measuring(posts, gold, predictor.labels)
            _write(outputs[0], measuring.watch(predictor.predict(posts)), arguments.raw)
            if len(outputs) > 1:
                _measure(measuring, outputs, settings, table.name)
    print(f"{len(posts):,} {_NAMES[bool(arguments.score)]} in {outputs[0]}", file=sys.stderr)
    if bad := sum(post.status != "ok" for post in posts):
        print(f"{bad:,} of them without their image: see `image` there", file=sys.stderr)


def _outputs(arguments: Namespace, measured: bool) -> list[Path]:
    """The file of the predictions and, of measured ones, those of the metrics and the page.

    Raises:
        UserError: one must not be written, see `require_output`.
    """
    name = _NAMES[bool(arguments.score)]
    out: Path = arguments.out or arguments.csv.with_name(f"{name}.jsonl")
    beside = [out.with_name(f"{out.stem}_metrics.json"), out.with_name(f"{out.stem}_page.html")]
    outputs = [out, *beside] if measured and not arguments.score else [out]
    inputs = [arguments.csv, arguments.images, arguments.score or arguments.model]
    for path, suffix in zip(outputs, (".jsonl", ".json", ".html"), strict=False):
        require_output(path, suffix, inputs)
    return outputs


def _write(out: Path, judged: Iterable[Prediction | Score], raw: bool) -> None:
    with whole_file(out) as temporary, temporary.open("w", encoding="utf-8") as file:
        for found in judged:
            file.write(_as_text(_line(found, raw)) + "\n")


def _measure(measuring: Measuring, outputs: Sequence[Path], settings: Settings, title: str) -> None:
    for note in measuring.gold.notes:
        print(printable(note), file=sys.stderr)
    if not measuring.count:
        print("no label is one of the model's, so nothing is measured", file=sys.stderr)
        return
    _, metrics_file, page = outputs
    metrics = write_measures(metrics_file, page, measuring, settings.draws, title)
    shown = ", ".join(f"{name} {100 * metrics[key]:.1f} %" for key, name in _SHOWN.items())
    print(f"measured on {measuring.count:,} posts: {shown}", file=sys.stderr)
    print(f"all metrics in {metrics_file}, tables in {page}", file=sys.stderr)


def _line(found: Prediction | Score, raw: bool) -> dict[str, Any]:
    """A line of the output; unless raw, without texts that are formulas in a spreadsheet."""
    values = found.as_json()
    if raw:
        return values
    return {
        key: escaped(value) if isinstance(value, str) else value for key, value in values.items()
    }


def _as_text(values: dict[str, Any], indent: int | None = None) -> str:
    """JSON as it is read, but for characters that could rule a terminal, or that UTF-8 lacks."""
    return printable(json.dumps(values, indent=indent, ensure_ascii=False))
