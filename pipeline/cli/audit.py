"""python -m pipeline audit: rank the train pairs by how likely they are wrong."""

from argparse import ArgumentParser, Namespace
from pathlib import Path

from pipeline import paths
from pipeline.errors import UserError
from pipeline.files import whole_file
from pipeline.matching.audit import audit, audit_params
from pipeline.params.matching import PARAMS_FILE, load_matching_params


def add_arguments(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--labels",
        nargs="+",
        metavar="NAME",
        help=f"labels of pairs whose image and text match; default: those in {PARAMS_FILE}",
    )
    parser.add_argument("--out", type=Path, default=paths.AUDIT, metavar="FILE")


def run(arguments: Namespace) -> None:
    if arguments.out.suffix != ".csv":
        raise UserError(f"--out {arguments.out}: allowed: a file that ends in .csv")
    params = load_matching_params()
    # It takes minutes, so it keeps no checkpoint.
    table = audit(audit_params(params, arguments.labels or params.corpus.labels))
    with whole_file(arguments.out) as temporary:
        table.to_csv(temporary, index=False, float_format="%.6g", lineterminator="\n")
    print(f"{len(table):,} train pairs in {arguments.out}, most suspicious first")
    for row in table.head(5).to_dict("records"):
        print(
            f"  {row['correspondence']:.2f}  {row['estimate']:.4f}  {row['id']}  {row['text'][:60]}"
        )
    if arguments.out == paths.AUDIT:
        print("To show it in the report: dvc repro --single-item --force report")
