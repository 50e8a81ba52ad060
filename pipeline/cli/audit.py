"""python -m pipeline audit: the train pairs that are most likely wrong."""

from argparse import ArgumentParser, Namespace
from pathlib import Path
from tempfile import TemporaryDirectory

from pipeline import paths
from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.matching.audit import audit, audit_params
from pipeline.matching.params import PARAMS_FILE, load_matching_params


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--labels",
        nargs="+",
        metavar="NAME",
        help=f"labels that say picture and text belong together; default: those in {PARAMS_FILE}",
    )
    parser.add_argument("--out", type=Path, default=paths.AUDIT, metavar="FILE")


def run(arguments: Namespace) -> None:
    if arguments.out.suffix != ".csv":
        raise UserError(f"--out {arguments.out}: allowed: a file that ends in .csv")
    params = load_matching_params()
    params = audit_params(params, arguments.labels or params.corpus.labels)
    # An audit takes minutes: one that was killed begins anew.
    with TemporaryDirectory() as checkpoints:
        table = audit(params, Path(checkpoints), lambda epoch, figures: None)
    with whole_file(arguments.out) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    print(f"{len(table):,} train pairs in {arguments.out}, the least believed first")
    for row in table.head(5).to_dict("records"):
        print(
            f"  {row['correspondence']:.2f}  {row['estimate']:.4f}  {row['id']}  {row['text'][:60]}"
        )
    if arguments.out == paths.AUDIT:
        print("For the page: dvc repro --single-item --force report")
