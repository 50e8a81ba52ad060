"""Strike every stage at moments of each phase, and check that nothing is lost or half written.

python -m tests.soak.faults [--rounds 2] [--seed 0] [--folder FOLDER] [pipelines ...]

Each stage of each pipeline runs by the real `dvc repro`, and meets each fault. Kills come in
series: the `dvc repro` that follows one is struck again. At the end of each series, one plain
`dvc repro` must make all files as they were. FOLDER: on a small file system of its own, "disk full"
fills that; elsewhere it bounds the size of files. pipelines: their dvc.yaml, all unless named; the
detector's needs requirements-detector.txt.
"""

import random
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.cases import record
from tests.soak.pipelines import make_all
from tests.soak.stages import PIPELINES, read_stages
from tests.soak.struck import KILLS, LACKS, Met, Struck

_SMALL_DISK = 2**30


def series_of(number: int, rng: random.Random) -> list[Sequence[str]]:
    """What a stage meets in a round: every kill, and half of what it may lack."""
    return [rng.sample(KILLS, len(KILLS)), *([fault] for fault in LACKS[number % 2 :: 2])]


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("pipelines", nargs="*", default=[*PIPELINES])
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    rng, failed = random.Random(arguments.seed), 0
    with TemporaryDirectory(dir=arguments.folder) as made:
        folder = Path(made)
        small = shutil.disk_usage(folder).free < _SMALL_DISK
        project = make_all(folder / "clone", folder / "cache", arguments.pipelines)
        for file in arguments.pipelines:
            met = Met()
            stages = read_stages(project.root, file)
            struck = Struck(project, stages, met, folder / "filler" if small else None)
            for number, stage in product(range(arguments.rounds), stages):
                for faults in series_of(number, rng):
                    try:
                        struck.series(stage, faults, rng)
                    except AssertionError as error:
                        failed += 1
                        print(f"FAILED: {error}", flush=True)
                        project.mended("repro", *map(str, stages))
                print(f"{stage}, round {number + 1}: {met.struck.total()}", flush=True)
            phases = ", ".join(f"{n} {phase}" for phase, n in sorted(met.phases.items()))
            print(f"moments: {phases}; {project.torn} faults so far met DVC's own records")
            counts = {fault: met.struck[fault] for fault in (*KILLS, *LACKS)}
            record("make faults", counts, file.removesuffix("dvc.yaml").strip("/") or "main")
    if failed:
        sys.exit(f"{failed} series failed")


if __name__ == "__main__":
    main()
