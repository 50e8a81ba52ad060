"""Two workers of a Ray cluster on this machine: what they leave, whoever of them dies."""

import os
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest
import torch

from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Row
from pipeline.encoders.rows.storage import Root
from pipeline.errors import UserError
from tests.encoders.rows.object_store import s3_bucket
from tests.encoders.rows.test_engines import compiled
from tests.encoders.rows.toy_encoder import ToyEncoder, extract_and_assemble, items, key_of

ray = pytest.importorskip("ray", reason="needs requirements-cluster.txt")
from pipeline.encoders.rows.cluster import Cluster  # noqa: E402 - imports Ray

ROWS = range(400)
KEYS = [key_of(number) for number in ROWS]
TWO = Cluster(2, torch.device("cpu"))


@pytest.fixture(scope="module")
def bucket() -> Iterator[str | None]:
    """An empty bucket, or None where the stand-in for S3 is not installed."""
    with ExitStack() as stack:
        try:
            yield stack.enter_context(s3_bucket())
        except pytest.skip.Exception:
            yield None


@pytest.fixture(scope="module", autouse=True)
def cluster(bucket: str | None) -> Iterator[None]:
    # After the bucket, so that the workers find it.
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield
    ray.shutdown()


@pytest.fixture(params=["folder", "bucket"])
def root(request: pytest.FixtureRequest, bucket: str | None, tmp_path: Path) -> Root:
    if request.param == "folder":
        return tmp_path
    return bucket or pytest.skip("needs requirements-cluster.txt and moto[server]")


class Watched(ToyEncoder):
    """Writes shards of about ten rows, and notes who computed what."""

    def __init__(self, log: Path) -> None:
        super().__init__(seconds=0.005)
        self._log = log

    def encode(self, batch: Sequence[int]) -> list[Row]:
        RowCache.shard_bytes = 200  # in the worker's process
        rows = super().encode(batch)
        with self._log.open("a") as file:
            file.write("".join(f"{os.getpid()} {number}\n" for number in set(batch)))
        return rows

    def computed(self) -> list[tuple[int, int]]:
        """(process, number) of all rows, in the order of time."""
        lines = self._log.read_text().splitlines()
        return [(int(process), int(number)) for process, number in map(str.split, lines)]


class Mortal(Watched):
    """The first worker that has done a part of its share notes which rows are kept, and dies."""

    def __init__(self, log: Path, root: Root) -> None:
        super().__init__(log)
        self._root, self._note = root, log.with_suffix(".kept")

    def encode(self, batch: Sequence[int]) -> list[Row]:
        rows = super().encode(batch)
        if len(self.batches) >= 14:
            with suppress(FileExistsError), self._note.open("x") as note:
                missing = set(RowCache(self._root, self).missing(KEYS))
                kept = [str(number) for number in ROWS if key_of(number) not in missing]
                note.write(f"{os.getpid()} {' '.join(kept)}")
                note.flush()
                os.kill(os.getpid(), signal.SIGKILL)
        return rows

    def died(self) -> tuple[int, set[int]]:
        """The process that died, and the rows that were in finished shards by then."""
        process, *kept = map(int, self._note.read_text().split())
        return process, set(kept)


def test_a_killed_worker_costs_no_finished_row_and_changes_no_byte(
    root: Root, tmp_path: Path
) -> None:
    extract_and_assemble(tmp_path / "alone", tmp_path / "straight.h5", len(ROWS))
    encoder = Mortal(tmp_path / "log", root)
    cache = RowCache(root, encoder)
    TWO.extract(encoder, items(ROWS), cache)
    assemble(tmp_path / "out.h5", encoder, KEYS, cache)
    assert (tmp_path / "out.h5").read_bytes() == (tmp_path / "straight.h5").read_bytes()

    dead, kept = encoder.died()
    computed = encoder.computed()
    assert {number for _, number in computed} == set(ROWS)
    assert len({process for process, _ in computed}) >= 2
    own = {number for process, number in computed if process == dead}
    assert own & kept
    times = Counter(number for _, number in computed)
    twice = {number for number, count in times.items() if count > 1}
    assert twice <= own - kept
    assert max(times.values()) <= 2

    assert TWO.extract(encoder, items(ROWS), cache) == 0
    assert encoder.computed() == computed


def test_workers_compile_what_is_compiled_here(tmp_path: Path) -> None:
    encoder, source = compiled(tmp_path)
    cache = RowCache(tmp_path, encoder)
    TWO.extract(encoder, [(key_of(1), source)], cache)
    (rows,) = cache.read([key_of(1)])
    assert rows[key_of(1)]["features"][0].tolist() == [3.0, 3.0]


class Picky(ToyEncoder):
    name = "picky"

    def load(self, source: int) -> int:
        if source == 60:
            raise UserError("image 60: its bytes have changed")
        return super().load(source)


def test_a_fault_in_a_worker_is_told_as_here(tmp_path: Path) -> None:
    encoder = Picky()
    with pytest.raises(UserError, match=r"^image 60: its bytes have changed$"):
        TWO.extract(encoder, items(ROWS), RowCache(tmp_path, encoder))


class Deadly(ToyEncoder):
    name = "deadly"

    def load(self, source: int) -> int:
        if source == 60:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().load(source)


def test_an_image_that_kills_every_worker_ends_the_run(tmp_path: Path) -> None:
    cluster, encoder = Cluster(2, torch.device("cpu"), max_retries=1), Deadly()
    with pytest.raises(UserError, match="died 2 times over the same share"):
        cluster.extract(encoder, items(ROWS), RowCache(tmp_path, encoder))
