"""Strike every stage at moments of each phase, and check that nothing is lost or half written.

python -m tests.soak.faults [--rounds 5] [--seed 0] [--folder FOLDER]

Each stage of the main pipeline runs by the real `dvc repro`, and meets each fault. Kills come in
series: the `dvc repro` that follows one is struck again. At the end of each series, one plain
`dvc repro` must make all files as they were. FOLDER: on a small file system of its own, "disk full"
fills that; elsewhere it bounds the size of files.
"""

import random
import shutil
import sys
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cases import record
from tests.dvc_project import clone_project
from tests.soak.runs import STAGES, WarmProject
from tests.soak.struck import KILLS, LACKS, Met, Struck

_SMALL_DISK = 2**30


def series_of(number: int, rng: random.Random) -> list[Sequence[str]]:
    """What a stage meets in a round: every kill, and half of what it may lack."""
    return [rng.sample(KILLS, len(KILLS)), *([fault] for fault in LACKS[number % 2 :: 2])]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    rng, failed = random.Random(arguments.seed), 0
    with TemporaryDirectory(dir=arguments.folder) as made:
        folder = Path(made)
        small = shutil.disk_usage(folder).free < _SMALL_DISK
        project = clone_project(folder / "clone", folder / "cache", WarmProject)
        project.dvc("repro")
        struck = Struck(project, STAGES, folder / "filler" if small else None)
        for number in range(arguments.rounds):
            for stage in STAGES:
                for faults in series_of(number, rng):
                    try:
                        struck.series(stage, faults, rng)
                    except AssertionError as error:
                        failed += 1
                        print(f"FAILED: {error}", flush=True)
                        project.dvc("repro")
                print(f"round {number + 1}, {stage}: {struck.met.struck.total()}", flush=True)
            _tell(struck.met)
    if failed:
        sys.exit(f"{failed} series failed")


def _tell(met: Met) -> None:
    phases = Counter[str]()
    for (_, phase), count in met.moments.items():
        phases[phase] += count
    print("moments:", ", ".join(f"{count} {phase}" for phase, count in sorted(phases.items())))
    record("make faults", {fault: met.struck[fault] for fault in (*KILLS, *LACKS)})


if __name__ == "__main__":
    main()
