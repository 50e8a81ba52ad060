import os
import time
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.encoders.rows.cache import RowCache, cache_root
from tests.encoders.rows.toy_encoder import ToyEncoder, key_of, row_of

DAY = 86_400.0


class OtherEncoder(ToyEncoder):
    name = "other"


def fill(root: Path, encoder: ToyEncoder, numbers: range, days_ago: float) -> RowCache:
    cache = RowCache(root, encoder)
    cache.write({key_of(number): row_of(number) for number in numbers})
    then = time.time() - days_ago * DAY
    os.utime(cache.folder / "fingerprint.json", (then, then))
    return cache


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, RowCache]:
    monkeypatch.setenv("ANANET_CACHE", str(tmp_path))
    return {
        "old": fill(tmp_path, ToyEncoder(weights="old"), range(10), 40),
        "new": fill(tmp_path, ToyEncoder(weights="new"), range(2000), 2),
        "other": fill(tmp_path, OtherEncoder(), range(5), 50),
    }


def cache(*words: str) -> None:
    main(["cache", *words])


def left(caches: dict[str, RowCache]) -> set[str]:
    return {name for name, cache in caches.items() if cache.folder.exists()}


def flip_last_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def shard_of(cache: RowCache) -> Path:
    (shard,) = cache.folder.glob("*.safetensors")
    return shard


@pytest.mark.parametrize("words", [[], ["list"]])
def test_list_names_encoder_rows_bytes_and_last_use(
    caches: dict[str, RowCache], capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    caches["new"].write({key_of(number): row_of(number) for number in range(1990, 2010)})
    cache(*words)
    lines = capsys.readouterr().out.splitlines()
    encoders = [line.split()[:3] for line in lines[2:5]]
    # 20 rows more, of which ten were there before; the last used of an encoder first.
    assert encoders == [
        ["other", caches["other"].folder.name, "5"],
        ["toy", caches["new"].folder.name, "2,010"],
        ["toy", caches["old"].folder.name, "10"],
    ]
    size = shard_of(caches["old"]).stat().st_size
    date = time.strftime("%Y-%m-%d", time.localtime(time.time() - 40 * DAY))
    assert lines[4].split()[3:5] == [f"{size}B", date]
    assert lines[5].startswith("3 in all, ")


def test_an_empty_cache_is_listed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ANANET_CACHE", str(tmp_path / "none"))
    cache()
    assert "0 in all" in capsys.readouterr().out


def test_verify_names_what_is_damaged(
    caches: dict[str, RowCache], capsys: pytest.CaptureFixture[str]
) -> None:
    cache("verify")
    assert "3 shards are sound" in capsys.readouterr().out
    shard = shard_of(caches["old"])
    flip_last_bit(shard)
    with pytest.raises(SystemExit, match="1 of 3 shards are damaged"):
        cache("verify")
    assert f"damaged: {shard}" in capsys.readouterr().out
    later = RowCache(cache_root(), ToyEncoder(weights="old"))
    assert later.missing([key_of(1)]) == [key_of(1)]  # sets it aside
    cache("verify")
    assert f"set aside earlier: {shard.with_suffix('.damaged')}" in capsys.readouterr().out


def test_a_shard_that_cannot_be_read_does_not_stop_the_list(
    caches: dict[str, RowCache], capsys: pytest.CaptureFixture[str]
) -> None:
    shard_of(caches["old"]).write_bytes(b"")
    cache()
    assert capsys.readouterr().out.splitlines()[4].split()[2:4] == ["0", "0.00B"]


@pytest.mark.parametrize(
    ("conditions", "stay"),
    [
        (["--encoder", "toy"], {"other"}),
        (["--encoder", "nobody"], {"old", "new", "other"}),
        (["--older-than", "30"], {"new"}),
        (["--older-than", "45"], {"old", "new"}),
        (["--superseded"], {"new", "other"}),
        (["--superseded", "--encoder", "other"], {"old", "new", "other"}),
        (["--superseded", "--older-than", "45"], {"old", "new", "other"}),
    ],
)
def test_prune_deletes_what_meets_all_conditions(
    caches: dict[str, RowCache], conditions: list[str], stay: set[str]
) -> None:
    cache("prune", *conditions, "--dry-run")
    assert left(caches) == {"old", "new", "other"}
    cache("prune", *conditions, "--yes")
    assert left(caches) == stay


@pytest.mark.parametrize(("answer", "stay"), [("y", {"other"}), ("", {"old", "new", "other"})])
def test_prune_asks_first(
    caches: dict[str, RowCache], monkeypatch: pytest.MonkeyPatch, answer: str, stay: set[str]
) -> None:
    monkeypatch.setattr("builtins.input", lambda question: answer)
    cache("prune", "--encoder", "toy")
    assert left(caches) == stay


def test_prune_without_anyone_to_ask_deletes_nothing(
    caches: dict[str, RowCache], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    with pytest.raises(SystemExit, match="--yes"):
        cache("prune", "--encoder", "toy")
    assert left(caches) == {"old", "new", "other"}


@pytest.mark.parametrize("days", ["-1", "many", "1e9", "99999999999"])
def test_prune_refuses_a_wrong_number_of_days(
    caches: dict[str, RowCache], capsys: pytest.CaptureFixture[str], days: str
) -> None:
    with pytest.raises(SystemExit):
        cache("prune", f"--older-than={days}", "--yes")
    assert "--older-than" in capsys.readouterr().err
    assert left(caches) == {"old", "new", "other"}


def test_prune_without_a_condition_deletes_nothing(caches: dict[str, RowCache]) -> None:
    with pytest.raises(SystemExit, match="say what to prune"):
        cache("prune", "--yes")
    assert left(caches) == {"old", "new", "other"}


def test_prune_leaves_alone_what_is_not_the_caches_own(caches: dict[str, RowCache]) -> None:
    note = caches["old"].folder / "note.txt"
    note.touch()
    foreign = caches["old"].folder.parent / "foreign" / "file.safetensors"
    foreign.parent.mkdir()
    foreign.touch()
    cache("prune", "--encoder", "toy", "--yes")
    assert note.exists()
    assert foreign.exists()
    assert not any(caches["old"].folder.glob("*.safetensors"))


def test_rows_that_are_pruned_are_missing_and_can_be_written_again(
    caches: dict[str, RowCache],
) -> None:
    cache("prune", "--encoder", "other", "--yes")
    assert caches["other"].missing([key_of(1)]) == [key_of(1)]
    caches["other"].write({key_of(1): row_of(1)})
    assert caches["other"].missing([key_of(1)]) == []
