"""python -m pipeline audit: rank the train pairs by how likely they are wrong."""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline import paths
from pipeline.cli.outputs import add_raw_argument
from pipeline.core.cells import escaped_table
from pipeline.corpus.posts import read_original_texts
from pipeline.errors import UserError, printable
from pipeline.files import whole_file
from pipeline.matching.audit import audit, audit_params
from pipeline.params.matching import PARAMS_FILE, load_matching_params

_TEXT_SHOWN = 60


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--labels",
        nargs="+",
        metavar="NAME",
        help=f"labels of pairs whose image and text match; default: those in {PARAMS_FILE}",
    )
    parser.add_argument("--out", type=Path, default=paths.AUDIT, metavar="FILE")
    add_raw_argument(parser)


def run(arguments: Namespace) -> None:
    if arguments.out.suffix != ".csv":
        raise UserError(f"--out {arguments.out}: allowed: a file that ends in .csv")
    params = load_matching_params()
    # It takes minutes, so it keeps no checkpoint.
    labels = arguments.labels or params.corpus.labels
    _require_pairs(labels, "--labels" if arguments.labels else f"corpus.labels in {PARAMS_FILE}")
    table = audit(audit_params(params, labels), read_original_texts(paths.POSTS))
    written = table if arguments.raw else escaped_table(table)
    with whole_file(arguments.out) as temporary:
        written.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    print(f"{len(table):,} train pairs in {arguments.out}, most suspicious first")
    for row in table.head(5).to_dict("records"):
        text = " ".join(row["text"].split())[:_TEXT_SHOWN]
        named = printable(f"{row['id']}  {text}")
        print(f"  {row['correspondence']:.2f}  {row['estimate']:.4f}  {named}")
    if arguments.out == paths.AUDIT:
        print("To show it in the report: dvc repro --single-item --force report")


def _require_pairs(labels: Sequence[str], source: str) -> None:
    """Check that some pair has each label; source: the option or parameter that names them.

    Raises:
        UserError: the corpus is not prepared, or no pair has a label.
    """
    if not paths.PAIRS.exists():
        raise UserError(f"{paths.PAIRS} not found; run the stage prepare (dvc repro prepare)")
    known = sorted(set(pd.read_parquet(paths.PAIRS, columns=["label"])["label"]))
    if unknown := sorted(set(labels) - set(known)):
        raise UserError(
            f"{source}: no pair of the corpus has {', '.join(map(repr, unknown))}; its labels:"
            f" {', '.join(known)}. Name those whose image and text match with --labels"
        )
