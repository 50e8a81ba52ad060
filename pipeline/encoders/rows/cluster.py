"""Extraction by the workers of a Ray cluster, into a row cache that all of them share.

Ray starts workers, gives them shares of the keys, and restarts those that die. A worker computes
what the cache lacks, as a single process would. So a row has the same bytes wherever it was
computed, and retrying a share costs only the rows that were in no finished shard.
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
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Encoder
from pipeline.encoders.rows.extract import compute
from pipeline.encoders.rows.storage import Root
from pipeline.errors import UserError

# Shares are larger than a batch or a shard, and small enough that workers finish together.
_MAX_KEYS = 1024
_SHARES_PER_WORKER = 4


@dataclass(frozen=True)
class Cluster:
    """The cluster at RAY_ADDRESS, or else the cores and GPUs of this machine.

    workers: each takes one core, or one GPU if the encoder is on one; None: all there are.
    max_retries: of a share whose worker died; one that kills more needs too much memory, say.
    """

    workers: int | None
    device: torch.device
    max_retries: int = 4

    def extract(self, encoder: Encoder, items: Iterable[tuple[str, Any]], cache: RowCache) -> int:
        """The same as `pipeline.encoders.rows.extract.extract`, in many processes.

        Raises:
            UserError: a worker failed or kept dying, or wrote rows that this process cannot find.
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
        """Yield the number of keys of each share, and of rows computed for it."""
        done = self._computed(encoder, root, shares)
        try:
            for row in done.iter_rows():
                if row["fault"]:
                    raise UserError(row["fault"])
                yield row["keys"], row["computed"]
        except RayActorError as error:
            raise UserError(
                f"a worker died {self.max_retries + 1} times over the same share: too little"
                f" memory? Try fewer compute.workers. Ray says: {error}"
            ) from None

    def _computed(self, encoder: Encoder, root: Root, shares: list[bytes]) -> ray.data.Dataset:
        on_gpu = self.device.type == "cuda"
        data = ray.data.from_items([{"share": s} for s in shares], override_num_blocks=len(shares))
        with warnings.catch_warnings():
            # The only way to limit retries, without which a share could kill workers for ever.
            warnings.simplefilter("ignore", RayDeprecationWarning)
            return data.map(
                _Worker,
                fn_constructor_args=(encoder, root, None if on_gpu else 1),
                compute=ActorPoolStrategy(
                    min_size=self.workers or 1, max_size=self._worker_count()
                ),
                num_cpus=1,
                num_gpus=int(on_gpu),
                max_task_retries=self.max_retries,
            )


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
        except UserError as error:  # Ray would wrap it in an exception of its own
            return {"keys": 0, "computed": 0, "fault": str(error)}
        return {"keys": len(sources), "computed": computed, "fault": ""}


def _shares(items: list[tuple[str, Any]], workers: int) -> list[bytes]:
    even = -(-len(items) // (workers * _SHARES_PER_WORKER))
    size = min(even, _MAX_KEYS)
    return [cloudpickle.dumps(items[i : i + size]) for i in range(0, len(items), size)]


@contextmanager
def _connection() -> Iterator[None]:
    """Connect to Ray without its progress bars and logs; keep an existing connection."""
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    if ray.is_initialized():
        yield
        return
    _connect()
    try:
        yield
    finally:
        ray.shutdown()


def _connect() -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    settings: dict[str, Any] = {"include_dashboard": False}
    if "RAY_ADDRESS" in os.environ:
        # Other machines have the libraries, but not this project.
        settings = {"runtime_env": {"py_modules": [str(Path(pipeline.__file__).parent)]}}
    try:
        ray.init(logging_level=logging.ERROR, log_to_driver=False, **settings)
    except ConnectionError as error:
        raise UserError(f"RAY_ADDRESS = {os.environ.get('RAY_ADDRESS')!r}: {error}") from None
