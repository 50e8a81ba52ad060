"""Training from files that exceed the memory, against training from memory.

Files are written for the purpose, 88 kB a pair. The system's memory of files is emptied of them
(posix_fadvise, DONTNEED) before each measurement called cold. That they exceed the memory is said,
not so: the rows of one run are read once, and therefore from the disk. With more pairs than the
machine has memory for, it is so.

python -m tests.benchmarks.out_of_core [--pairs 40000] [--steps 100] [--runs 3] [--folder FOLDER]
"""

import multiprocessing
import os
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from pipeline.dataset.pairs import PairFeatures
from pipeline.initialisation.ananet import new_ananet
from pipeline.params.project import Params, load_params
from tests.benchmarks.corpora import corpus_name, texts
from tests.benchmarks.features import load_features, write_features
from tests.benchmarks.measuring import (
    Ratio,
    alternate,
    bench_arguments,
    clock_named,
    medians,
    report,
)
from tests.benchmarks.training_epoch import Steps

# As if there were this much memory.
_LITTLE, _MUCH = 1, 2**50
# Pairs that the training from memory goes over again and again.
_COPIED = 10_000
# As many as are drawn from the same blocks.
_BATCHES_READ = 64
# Whose lengths are repeated.
_TEXTS = 2000


def main() -> None:
    parser = bench_arguments(__doc__, runs=3)
    parser.add_argument("--pairs", type=int, default=40_000)
    parser.add_argument("--steps", type=int, default=100)
    parser.add_argument("--folder", type=Path, help="for the files, on the disk to measure")
    arguments = parser.parse_args()
    clock, params = clock_named(arguments.clock), load_params()
    lengths = [len(words) for words in texts(min(arguments.pairs, _TEXTS)).values()]
    lengths = (lengths * (arguments.pairs // len(lengths) + 1))[: arguments.pairs]
    with TemporaryDirectory(dir=arguments.folder) as name:
        large, small = Path(name) / "large", Path(name) / "small"
        for folder, part in ((large, lengths), (small, lengths[:_COPIED])):
            folder.mkdir()
            write_features(folder, part, params)
        size = sum(path.stat().st_size for path in large.glob("*.h5"))
        sizes = {"pairs": len(lengths), "gigabytes": round(size / 1e9, 1), "corpus": corpus_name()}
        measure_memory(large, sizes)
        compare_reading(large, params, arguments.runs, sizes)
        compare_training(large, small, params, arguments.steps, arguments.runs, clock, sizes)


def measure_memory(folder: Path, sizes: dict[str, Any]) -> None:
    """Anonymous memory of a process with all features, mapped and read."""
    mapped, copied = (anonymous_memory(folder, copied) for copied in (False, True))
    report(
        "mapped_memory",
        "memory of a process with mapped features against one that reads them whole",
        Ratio.of([mapped], [copied]),
        "at most 1 GB",
        megabytes_mapped=round(mapped / 1000),
        megabytes_read=round(copied / 1000),
        **sizes,
    )


def anonymous_memory(folder: Path, copied: bool) -> int:
    """Kilobytes of a fresh process that has made some batches, without what it maps of files."""
    fresh = multiprocessing.get_context("spawn")
    receiver, sender = fresh.Pipe(duplex=False)
    process = fresh.Process(target=_hold, args=(folder, copied, sender))
    process.start()
    kilobytes: int = receiver.recv()
    process.join()
    return kilobytes


def _hold(folder: Path, copied: bool, sender: Any) -> None:
    features = load_features(folder, load_params(), _MUCH, copied)
    features.arrays.region_moments(features.rows("train"))
    for rows in features.batches("train", 64, np.random.default_rng(0))[:20]:
        features.gather(rows)
    lines = Path("/proc/self/status").read_text().splitlines()
    sender.send(next(int(line.split()[1]) for line in lines if line.startswith("RssAnon:")))


def compare_reading(folder: Path, params: Params, runs: int, sizes: dict[str, Any]) -> None:
    """Batches of rows drawn from blocks against batches of any rows, from the disk."""

    blocks, rows = (loaded(folder, params, memory, runs) for memory in (_LITTLE, _MUCH))

    def read(prepared: Iterator[PairFeatures]) -> None:
        empty_cache(folder)
        features = next(prepared)
        batches = features.batches("train", 64, np.random.default_rng(0))[:_BATCHES_READ]
        for _ in features.stream(batches):
            pass

    seconds = alternate(runs, blocks=lambda: read(blocks), rows=lambda: read(rows))
    report(
        "block_reading",
        "speed of cold batches drawn from blocks of rows against batches of any rows",
        Ratio.of(seconds["rows"], seconds["blocks"]),
        "at least 4",
        **sizes,
        batches=_BATCHES_READ,
        **medians(seconds),
    )


def compare_training(
    large: Path, small: Path, params: Params, steps: int, runs: int, clock: Any, sizes: Any
) -> None:
    """Steps on cold files, in blocks, against steps on features in the process's memory."""
    copied = load_features(small, params, _MUCH, copied=True)
    model = new_ananet(params, copied)
    step, rng = Steps(model, params), np.random.default_rng(0)

    def train(features: PairFeatures) -> None:
        batches = features.batches("train", params.train.batch_size, rng)[:steps]
        for batch in features.stream(batches):
            step(batch.inputs, batch.labels)

    cold = loaded(large, params, _LITTLE, runs)

    def train_cold() -> None:
        empty_cache(large)
        train(next(cold))

    train(copied.without(copied.rows("train")[256:]))
    seconds = alternate(runs, clock, files=train_cold, memory=lambda: train(copied))
    pairs = steps * params.train.batch_size
    report(
        "out_of_core_speed",
        "speed of training from files, cold and in blocks, against training from memory",
        Ratio.of(seconds["memory"], seconds["files"]),
        "at least 0.90",
        **sizes,
        width=params.model.hidden,
        steps=steps,
        pairs_per_second=round(pairs / np.median(seconds["files"])),
        threads=torch.get_num_threads(),
        **medians(seconds),
    )


def loaded(folder: Path, params: Params, memory: int, runs: int) -> Iterator[PairFeatures]:
    """Features for each run, mapped but not read, as pages of a mapped file stay in memory."""
    found = [load_features(folder, params, memory) for _ in range(runs)]
    while found:
        yield found.pop()


def empty_cache(folder: Path) -> None:
    """Take the files of a folder out of the system's memory; nothing may map them any more."""
    for path in folder.glob("*.h5"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


if __name__ == "__main__":
    main()
