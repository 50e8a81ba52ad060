"""Training from files that exceed the memory, against training from memory.

Files are written for the purpose, 88 kB a pair. The system's memory of files is emptied of them
(posix_fadvise, DONTNEED) before each measurement called cold. Where they fit into memory, that they
exceed it is said, not so: each row is read once, and therefore from the disk. With more pairs, it
is so, and the figures are kept beside those of fewer.

python -m tests.benchmarks.out_of_core [--pairs 40000] [--steps 100] [--runs 5] [--folder FOLDER]
"""

import itertools
import math
import multiprocessing
import os
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from pipeline.dataset.pairs import PairFeatures
from pipeline.features.batches import Rows, batches_per_group
from pipeline.features.memory import exceed_memory
from pipeline.initialisation.ananet import new_ananet
from pipeline.params.project import Params, load_params
from tests.benchmarks.corpora import corpus_name, texts
from tests.benchmarks.features import load_features, write_features
from tests.benchmarks.measuring import (
    Clock,
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


@dataclass(frozen=True)
class Files:
    """Feature files of random values in a folder, and their sizes for a report."""

    folder: Path
    sizes: dict[str, Any]
    exceed_memory: bool

    @classmethod
    def write(cls, folder: Path, lengths: list[int], params: Params) -> "Files":
        """Those of texts of so many words, and of their images."""
        folder.mkdir()
        write_features(folder, lengths, params)
        size = sum(path.stat().st_size for path in folder.glob("*.h5"))
        sizes = {"pairs": len(lengths), "gigabytes": round(size / 1e9, 1), "corpus": corpus_name()}
        return cls(folder, sizes, exceed_memory(size))

    def cold(self, params: Params, memory: int) -> PairFeatures:
        """Map them, with none of their features in the system's memory.

        memory: see `load_features`. Nothing else may map what was read of them: it would stay.
        """
        for path in self.folder.glob("*.h5"):
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        return load_features(self.folder, params, memory)

    def report(self, name: str, what: str, found: Ratio, aim: str, **sizes: Any) -> None:
        """Report a ratio, apart from that of files which fit into memory."""
        name += "_beyond_memory" if self.exceed_memory else ""
        what += ", where the files exceed the memory" if self.exceed_memory else ""
        report(name, what, found, aim, **self.sizes, **sizes)


def main() -> None:
    parser = bench_arguments(__doc__, runs=5)
    parser.add_argument("--pairs", type=int, default=40_000)
    parser.add_argument("--steps", type=int, default=100, help="from memory, each time")
    parser.add_argument("--folder", type=Path, help="for the files, on the disk to measure")
    arguments = parser.parse_args()
    clock, params = clock_named(arguments.clock), load_params()
    lengths = [len(words) for words in texts(min(arguments.pairs, _TEXTS)).values()]
    lengths = (lengths * (arguments.pairs // len(lengths) + 1))[: arguments.pairs]
    with TemporaryDirectory(dir=arguments.folder) as name:
        large = Files.write(Path(name) / "large", lengths, params)
        small = Files.write(Path(name) / "small", lengths[:_COPIED], params)
        if not large.exceed_memory:
            measure_memory(large)
        compare_reading(large, params, arguments.runs)
        compare_training(large, small, params, arguments.steps, arguments.runs, clock)


def measure_memory(files: Files) -> None:
    """Anonymous memory of a process with all features, mapped and read."""
    mapped, copied = (anonymous_memory(files.folder, copied) for copied in (False, True))
    files.report(
        "mapped_memory",
        "memory of a process with mapped features against one that reads them whole",
        Ratio.of([mapped], [copied]),
        "at most 1 GB",
        megabytes_mapped=round(mapped / 1000),
        megabytes_read=round(copied / 1000),
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
    sender.send(_figure(Path("/proc/self/status"), "RssAnon:"))


def compare_reading(files: Files, params: Params, runs: int) -> None:
    """Batches of rows drawn from blocks against batches of any rows, from the disk."""
    read: dict[str, list[int]] = {"blocks": [], "rows": []}
    unread: list[PairFeatures] = []

    def stream(name: str) -> None:
        features, before = unread.pop(), _bytes_read()
        batches = features.batches("train", 64, np.random.default_rng(0))[:_BATCHES_READ]
        for _ in features.stream(batches):
            pass
        read[name].append(_bytes_read() - before)

    seconds = alternate(
        runs,
        map_in_blocks=lambda: unread.append(files.cold(params, _LITTLE)),
        blocks=lambda: stream("blocks"),
        map_by_rows=lambda: unread.append(files.cold(params, _MUCH)),
        rows=lambda: stream("rows"),
    )
    files.report(
        "block_reading",
        "speed of cold batches drawn from blocks of rows against batches of any rows",
        Ratio.of(seconds["rows"], seconds["blocks"]),
        "at least 4",
        batches=_BATCHES_READ,
        # Systems read far around a row, so batches of any rows can come to the whole file.
        **{f"megabytes_{name}": round(median(counts) / 1e6) for name, counts in read.items()},
        **medians({name: seconds[name] for name in read}),
    )


def compare_training(
    large: Files, small: Files, params: Params, steps: int, runs: int, clock: Clock
) -> None:
    """An epoch from files, in parts that start cold, against steps from memory between them."""
    copied = load_features(small.folder, params, _MUCH, copied=True)
    model = new_ananet(params, copied)
    step, rng, size = Steps(model, params), np.random.default_rng(0), params.train.batch_size

    def train(features: PairFeatures, batches: list[Rows]) -> None:
        for batch in features.stream(batches):
            step(batch.inputs, batch.labels)

    parts = _parts(large.cold(params, _LITTLE).batches("train", size, rng), runs, size)
    untrained, unread = parts.copy(), list[PairFeatures]()
    repeated = itertools.cycle(copied.batches("train", size, rng))
    train(copied, list(itertools.islice(repeated, 4)))
    seconds = alternate(
        len(parts),
        clock,
        mapped=lambda: unread.append(large.cold(params, _LITTLE)),
        files=lambda: train(unread.pop(), untrained.pop(0)),
        memory=lambda: train(copied, list(itertools.islice(repeated, steps))),
    )
    from_files = [sum(map(len, part)) / s for part, s in zip(parts, seconds["files"], strict=True)]
    from_memory = [steps * size / s for s in seconds["memory"]]
    large.report(
        "out_of_core_speed",
        "speed of an epoch from files, cold and in blocks, against training from memory",
        Ratio.of(from_files, from_memory),
        "at least 0.90",
        width=params.model.hidden,
        steps=sum(map(len, parts)),
        pairs_per_second=round(median(from_files)),
        pairs_per_second_from_memory=round(median(from_memory)),
        threads=torch.get_num_threads(),
    )


def _parts(batches: list[Rows], count: int, size: int) -> list[list[Rows]]:
    """The batches in at most so many parts, between which blocks do not overlap."""
    group = batches_per_group(size)
    length = math.ceil(len(batches) / count / group) * group
    return [batches[start : start + length] for start in range(0, len(batches), length)]


def _bytes_read() -> int:
    """Of this process, from disks."""
    return _figure(Path("/proc/self/io"), "read_bytes:")


def _figure(file: Path, name: str) -> int:
    lines = file.read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name))


if __name__ == "__main__":
    main()
