"""Kill extraction and assembly at many random moments, and check that nothing finished is lost.

python -m tests.benchmarks.kills [--kills 50] [--seed 0]
"""

from argparse import ArgumentParser
from pathlib import Path
from statistics import mean
from tempfile import TemporaryDirectory

from tests.cases import record
from tests.encoders.rows.killed_runs import KINDS, ROWS, kill_and_resume


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50, help="per kind of rows")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cases: dict[str, int] = {}
    for kind in KINDS:
        with TemporaryDirectory() as folder:
            met = kill_and_resume(kind, Path(folder), arguments.kills, arguments.seed)
        print(
            f"{kind}: {met.extracting} kills while extracting, {met.assembling} while assembling;"
            f" each run then ended with the bytes of the uninterrupted one. Of {ROWS} rows a kill"
            f" cost {mean(met.lost):.1f} on average, {max(met.lost)} at most: none of a shard that"
            " was finished"
        )
        cases[f"extraction of {kind} rows"] = met.extracting
        cases[f"assembly of {kind} rows"] = met.assembling
    record("python -m tests.benchmarks.kills", cases)


if __name__ == "__main__":
    main()
