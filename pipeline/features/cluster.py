"""Extraction by the workers of a Ray cluster, into a row cache that all of them can reach.

Ray places workers, hands them shares of the keys, and starts again what dies. A worker looks into
the cache and computes what is missing as one process alone would. So a row has the same bytes
wherever it comes from, and a share that is handed out again, because its worker died, costs only
the rows that were in no finished shard.
"""

import logging
import os
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ray
import torch
from ray import cloudpickle
from ray.data import ActorPoolStrategy
from ray.exceptions import RayActorError
from ray.util.annotations import RayDeprecationWarning
from tqdm import tqdm

import pipeline
from pipeline.errors import UserError
from pipeline.features.encoder import Encoder
from pipeline.features.extract import compute
from pipeline.features.rows import RowCache
from pipeline.features.storage import Root

# A share is large beside a batch and a shard, and small enough that workers end together.
_MOST_KEYS = 1024
_SHARES_PER_WORKER = 4
# More deaths over one share are no accident: its pictures take more memory than there is, say.
_MOST_RETRIES = 4


@dataclass(frozen=True)
class Cluster:
    """The cluster that RAY_ADDRESS names, or else the cores and GPUs of this machine.

    workers: each takes one core, or one GPU where the encoder is on one; None: all there are.
    """

    workers: int | None
    device: torch.device

    def extract(self, encoder: Encoder, items: Iterable[tuple[str, Any]], cache: RowCache) -> int:
        """What `pipeline.features.extract.extract` does, by many processes.

        Raises:
            UserError: a worker met a fault, or died again and again; workers write where this
                process does not find it.
        """
        sources = dict(items)
        todo = cache.missing(sources)
        if not todo:
            return 0
        computed = 0
        with _connection(), tqdm(total=len(todo), desc=encoder.name, unit="row") as bar:
            shares = _shares([(key, sources[key]) for key in todo], self._worker_count())
            for keys, rows in self._work(encoder, cache.root, shares):
                computed += rows
                bar.update(keys)
        if left := cache.missing(todo):
            raise UserError(
                f"{cache.folder} lacks {len(left)} of {len(todo)} rows that workers have computed;"
                " ANANET_CACHE must be a folder or a URL that every machine of the cluster shares"
            )
        return computed

    def _worker_count(self) -> int:
        kind = "GPU" if self.device.type == "cuda" else "CPU"
        return self.workers or max(1, int(ray.cluster_resources().get(kind, 1)))

    def _work(self, encoder: Encoder, root: Root, shares: list[bytes]) -> Iterator[tuple[int, int]]:
        """Yield how many keys each share had, and how many rows were computed for it."""
        on_gpu = self.device.type == "cuda"
        data = ray.data.from_items([{"share": s} for s in shares], override_num_blocks=len(shares))
        with warnings.catch_warnings():
            # Without a bound, a share that is deadly would be tried for ever; no other way to it.
            warnings.simplefilter("ignore", RayDeprecationWarning)
            done = data.map(
                _Worker,
                fn_constructor_args=(encoder, root, None if on_gpu else 1),
                compute=ActorPoolStrategy(
                    min_size=self.workers or 1, max_size=self._worker_count()
                ),
                num_cpus=1,
                num_gpus=int(on_gpu),
                max_task_retries=_MOST_RETRIES,
            )
        try:
            for row in done.iter_rows():
                if row["fault"]:
                    raise UserError(row["fault"])
                yield row["keys"], row["computed"]
        except RayActorError as error:
            raise UserError(
                f"a worker died {_MOST_RETRIES + 1} times over the same share: too little memory?"
                f" Try fewer compute.workers. Ray says: {error}"
            ) from None


class _Worker:
    """One process of the cluster."""

    def __init__(self, encoder: Encoder, root: Root, cores: int | None) -> None:
        self._encoder, self._cores = encoder, cores
        self._cache = RowCache(root, encoder)

    def __call__(self, row: dict[str, bytes]) -> dict[str, Any]:
        sources = dict(cloudpickle.loads(row["share"]))
        try:
            missing = [(key, sources[key]) for key in self._cache.missing(sources)]
            computed = compute(self._encoder, missing, self._cache, cores=self._cores)
        except UserError as error:  # as an exception it would come wrapped in Ray's own
            return {"keys": 0, "computed": 0, "fault": str(error)}
        return {"keys": len(sources), "computed": computed, "fault": ""}


def _shares(items: list[tuple[str, Any]], workers: int) -> list[bytes]:
    even = -(-len(items) // (workers * _SHARES_PER_WORKER))
    size = min(even, _MOST_KEYS)
    return [cloudpickle.dumps(items[i : i + size]) for i in range(0, len(items), size)]


@contextmanager
def _connection() -> Iterator[None]:
    """Be connected to Ray, with its chatter turned down; leave it as it was."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    if ray.is_initialized():
        yield
        return
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    settings: dict[str, Any] = {"include_dashboard": False}
    if "RAY_ADDRESS" in os.environ:
        # Machines that others started have the libraries, but not this project.
        settings = {"runtime_env": {"py_modules": [str(Path(pipeline.__file__).parent)]}}
    try:
        ray.init(logging_level=logging.ERROR, log_to_driver=False, **settings)
    except ConnectionError as error:
        raise UserError(f"RAY_ADDRESS = {os.environ.get('RAY_ADDRESS')!r}: {error}") from None
    try:
        yield
    finally:
        ray.shutdown()
