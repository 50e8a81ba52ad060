import gzip
import json
from collections.abc import Iterator
from hashlib import md5
from pathlib import Path

import pytest
from gensim import downloader

from pipeline.encoders.glove.vector_files import read_word_vectors
from pipeline.errors import UserError
from tests.web import serve

NAME = "glove-twitter-25"
# As gensim publishes them: with word2vec's header, and with the word that is a line end.
VECTORS = gzip.compress(b"3 2\n<user> 1 2\n\xc2\x85 3 4\ncat 5 6\n", mtime=0)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """gensim's folder, empty."""
    monkeypatch.setattr(downloader, "BASE_DIR", str(tmp_path / "gensim-data"))
    return tmp_path / "gensim-data"


def publish(folder: Path, checksum: str) -> None:
    entry = {"file_name": f"{NAME}.gz", "parts": 1, "checksum": checksum}
    (folder / NAME).mkdir(parents=True)
    (folder / "list.json").write_text(json.dumps({"corpora": {}, "models": {NAME: entry}}))
    (folder / NAME / "__init__.py").write_text("raise SystemExit('foreign code was run')")
    (folder / NAME / f"{NAME}.gz").write_bytes(VECTORS)


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What gensim asks of a web server that takes the place of its own."""
    with serve(tmp_path / "published") as (address, paths):
        monkeypatch.setattr(downloader._load_info, "__defaults__", (f"{address}/list.json", "utf8"))
        monkeypatch.setattr(downloader, "DOWNLOAD_BASE_URL", address)
        yield paths


def test_vectors_are_downloaded_once(tmp_path: Path, data: Path, asked: list[str]) -> None:
    publish(tmp_path / "published", md5(VECTORS).hexdigest())
    first = read_word_vectors(NAME, {"cat", "<user>"})
    assert first.vectors["cat"].tolist() == [5, 6]
    assert (first.mean.tolist(), first.rows, first.rejected) == ([3, 4], 3, 0)
    requests = len(asked)
    assert requests
    assert read_word_vectors(NAME, {"cat"}).sha256 == first.sha256
    assert len(asked) == requests


def test_a_file_put_there_by_hand_needs_no_network(data: Path, asked: list[str]) -> None:
    (data / NAME).mkdir(parents=True)
    (data / NAME / f"{NAME}.gz").write_bytes(VECTORS)
    assert read_word_vectors(NAME, {"cat"}).rows == 3
    assert asked == []


def test_a_damaged_download_is_not_kept(tmp_path: Path, data: Path, asked: list[str]) -> None:
    publish(tmp_path / "published", md5(b"other").hexdigest())
    with pytest.raises(UserError, match="Checksum"):
        read_word_vectors(NAME, {"cat"})
    assert not (data / NAME).exists()


def test_without_network_it_says_what_goes_where(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = "http://127.0.0.1:9"
    monkeypatch.setattr(downloader._load_info, "__defaults__", (f"{nowhere}/list.json", "utf8"))
    monkeypatch.setattr(downloader, "DOWNLOAD_BASE_URL", nowhere)
    with pytest.raises(UserError) as caught:
        read_word_vectors(NAME, {"cat"})
    for part in (f"{nowhere}/{NAME}/{NAME}.gz", str(data / NAME / f"{NAME}.gz"), "glove.vectors"):
        assert part in str(caught.value)
