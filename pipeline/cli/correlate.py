"""python -m pipeline correlate: how far scores agree with people's judgments."""

import json
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

from pipeline import paths
from pipeline.cli.outputs import require_output
from pipeline.corpus.layouts.flickr8k_expert import (
    JudgedCaption,
    read_crowd_judgments,
    read_expert_judgments,
)
from pipeline.correlation.judgments import Correlation, Pair, crowd_correlation, expert_correlation
from pipeline.errors import UserError
from pipeline.files import write_text
from pipeline.images.corpus import images_path
from pipeline.params.project import load_params
from pipeline.prediction import Score, Scorer, posts_of

_SUM = "sum"
_DIGITS = 4
_RESAMPLES = 500


def add_arguments(parser: ArgumentParser) -> None:
    parser.epilog = "The corpus is described in data/README.md, as `flickr8k_expert`."
    parser.add_argument("corpus", type=Path, metavar="FOLDER", help="with the judgments")
    parser.add_argument(
        "--images", metavar="NAME", help="below FOLDER; default: the only archive or folder there"
    )
    parser.add_argument(
        "--pretrained",
        type=Path,
        default=paths.SHIPPED_ANANET,
        metavar="FOLDER",
        help="the pretrained encoders; default: %(default)s",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="a JSON file; default: print")
    parser.add_argument("--device", default="auto", help="auto (default), cpu, cuda or cuda:N")


def run(arguments: Namespace) -> None:
    folder: Path = arguments.corpus
    if arguments.out:
        require_output(arguments.out, ".json", [folder, arguments.pretrained])
    corpus = load_params().corpus.model_copy(update={"path": str(folder)})
    experts, crowd = read_expert_judgments(corpus), read_crowd_judgments(corpus)
    scorer = Scorer.from_pretrained(arguments.pretrained, arguments.device)
    found = _score(scorer, [*experts, *crowd], images_path(folder, arguments.images))
    report = {
        "experts_tau_c": _report(partial(expert_correlation, experts), found),
        "crowd_tau_b": _report(partial(crowd_correlation, crowd), found),
    }
    text = json.dumps(report, indent=2) + "\n"
    if arguments.out:
        write_text(arguments.out, text)
    else:
        print(text, end="")


def _score(scorer: Scorer, judged: Iterable[JudgedCaption], images: Path) -> dict[Pair, Score]:
    """The score of each judged pair, which may be among both kinds of judgments."""
    texts = {(each.image, each.caption): each.text for each in judged}
    pairs = sorted(texts)  # an image's pairs after each other, so that it is read once
    rows = [{"id": " ".join(pair), "image": pair[0], "text": texts[pair]} for pair in pairs]
    with posts_of(rows, images) as posts:
        bad = [post for post in posts if post.status != "ok"]
        if bad:
            raise UserError(f"{images}: {len(bad)} judged images are missing: {bad[0].reason}")
        return dict(zip(pairs, scorer.score(posts), strict=True))


def _report(
    correlate: Callable[..., Correlation], found: Mapping[Pair, Score]
) -> dict[str, dict[str, float]]:
    """The correlation of the sum, with its interval, and of each similarity."""
    sums = {pair: score.score for pair, score in found.items()}
    report = {_SUM: _rounded(correlate(sums, _RESAMPLES))}
    for name in next(iter(found.values())).similarities:
        values = {pair: score.similarities[name] for pair, score in found.items()}
        report[name] = {"tau": round(correlate(values).tau, _DIGITS)}
    return report


def _rounded(found: Correlation) -> dict[str, float]:
    return {name: round(value, _DIGITS) for name, value in asdict(found).items()}
