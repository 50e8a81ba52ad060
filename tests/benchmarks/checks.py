"""What checking rows, feature files, models, weights and outputs costs, after `make run`.

Each part runs in processes of its own, whose CPU seconds count from their start.

python -m tests.benchmarks.checks [--runs 3] [--posts 100]
"""

import os
import time
from argparse import ArgumentParser
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import torch

from pipeline import paths
from pipeline.dataset import predictions
from pipeline.dataset.reading import load_pairs
from pipeline.encoders.regions.corpus import write_regions
from pipeline.encoders.rows import cache
from pipeline.encoders.transformers import loading
from pipeline.encoders.trunks import weights
from pipeline.features import store
from pipeline.images.corpus import images_path
from pipeline.models import saved
from pipeline.params.project import load_params
from pipeline.prediction import Predictor, read_posts, scorer
from tests.benchmarks.measuring import Ratio, report

CHECKS: list[tuple[ModuleType, tuple[str, ...]]] = [
    (cache, ("check_shard",)),
    (store, ("_check_arrays", "_check_offsets", "_check_place")),
    *((module, ("require_finite_weights",)) for module in (saved, weights, loading)),
    (saved, ("require_sums",)),
    *((module, ("require_finite_outputs",)) for module in (predictions, scorer)),
]
AIM = "at most 0.02"


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--posts", type=int, default=100)
    arguments = parser.parse_args()
    parts: dict[str, Callable[[], object]] = {
        "extraction of regions whose rows are cached": _extract,
        "the start of training": _start_training,
        f"prediction of {arguments.posts} new posts": partial(_predict, arguments.posts),
        "prediction of one new post": partial(_predict, 1),
    }
    _seconds(_extract)  # fills the row cache
    for name, part in parts.items():
        measured = [_seconds(part) for _ in range(arguments.runs)]
        found = Ratio.of(*zip(*measured, strict=True))
        what = f"CPU seconds of checks against all those of {name}"
        report(f"checks_{name.replace(' ', '_')}", what, found, AIM)


def _seconds(part: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds in checks, and in all of a process that does a part."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(_measured, part).result()


def _measured(part: Callable[[], object]) -> tuple[float, float]:
    torch.set_num_threads(1)
    spent = _Spent()
    part()
    return spent.seconds, time.process_time()


class _Spent:
    """CPU seconds in checks."""

    def __init__(self) -> None:
        self.seconds = 0.0
        for module, names in CHECKS:
            for name in names:
                setattr(module, name, self._timed(getattr(module, name)))

    def _timed(self, check: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **options: Any) -> Any:
            start = time.thread_time()
            try:
                return check(*arguments, **options)
            finally:
                self.seconds += time.thread_time() - start

        return timed


def _extract() -> None:
    params = load_params()
    images = images_path(Path(params.corpus.path), params.corpus.images)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "regions.h5"
        write_regions(path, params.regions, params.compute, paths.IMAGES, images)


def _start_training() -> None:
    params = load_params()
    load_pairs(params.corpus.labels, params.model)


def _predict(count: int) -> None:
    with TemporaryDirectory() as folder:
        os.environ["ANANET_CACHE"] = f"{folder}/rows"  # none is there
        table = Path(folder) / "posts.csv"
        lines = (paths.SAMPLE / "test_data.csv").read_text(encoding="utf-8").splitlines(True)
        table.write_text("".join(lines[: count + 1]), encoding="utf-8")
        predictor = Predictor.from_pretrained(paths.ANANET, "cpu", True)
        with read_posts(table, paths.SAMPLE / "image.zip") as posts:
            assert len(list(predictor.predict(posts))) == count


if __name__ == "__main__":
    main()
