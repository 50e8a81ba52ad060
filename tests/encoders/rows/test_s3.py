"""The row cache in an S3-like store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.extract import extract
from tests.encoders.rows.object_store import s3_bucket
from tests.encoders.rows.toy_encoder import ToyEncoder, extract_and_assemble, items


@pytest.fixture(scope="module")
def bucket() -> Iterator[str]:
    with s3_bucket() as url:
        yield url


def test_a_bucket_gives_the_file_that_a_folder_gives(bucket: str, tmp_path: Path) -> None:
    extract_and_assemble(tmp_path / "folder", tmp_path / "straight.h5", 200)
    encoder = ToyEncoder()
    extract(encoder, items(range(150)), RowCache(f"{bucket}/same", encoder))
    assert extract_and_assemble(f"{bucket}/same", tmp_path / "out.h5", 200) == 50
    assert (tmp_path / "out.h5").read_bytes() == (tmp_path / "straight.h5").read_bytes()


def test_the_command_lists_verifies_and_prunes_a_bucket(
    bucket: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANANET_CACHE", f"{bucket}/listed")
    encoder = ToyEncoder()
    cache = RowCache(f"{bucket}/listed", encoder)
    extract(encoder, items(range(20)), cache)
    main(["cache", "list"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"row cache: {bucket}/listed"
    assert lines[2].split()[:3] == ["toy", str(cache.folder).split("/")[-1], "20"]
    main(["cache", "verify"])
    assert "1 shards are sound" in capsys.readouterr().out
    main(["cache", "prune", "--encoder", "toy", "--yes"])
    main(["cache", "list"])
    assert "0 in all" in capsys.readouterr().out
