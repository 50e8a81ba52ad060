import pickle
from hashlib import sha256
from pathlib import Path
from urllib.error import URLError

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from pipeline.encoders.trunks.weights import fetch, find_weights, load_weights, read_weights
from pipeline.errors import UserError
from tests.web import serve

CONTENT = b"weights"
DIGEST = sha256(CONTENT).hexdigest()[:8]
URL = f"https://example.org/models/net-{DIGEST}.pth"


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.setattr(torch.hub, "_hub_dir", None)
    return tmp_path / "hub" / "checkpoints"


def no_network(*_: object, **__: object) -> None:
    raise URLError("Name or service not known")


def test_without_a_network_the_message_says_what_goes_where(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    with pytest.raises(UserError) as caught:
        fetch(URL)
    for part in ("Name or service not known", URL, str(hub / f"net-{DIGEST}.pth")):
        assert part in str(caught.value)


def test_a_download_is_checked_and_happens_once(hub: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def download(url: str, path: str, hash_prefix: str) -> None:
        assert (url, hash_prefix) == (URL, DIGEST)
        Path(path).write_bytes(CONTENT)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    assert fetch(URL) == hub / f"net-{DIGEST}.pth"
    monkeypatch.setattr(torch.hub, "download_url_to_file", no_network)
    assert fetch(URL).read_bytes() == CONTENT


def test_a_web_server_s_file_is_checked_and_kept(hub: Path, tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.mkdir()
    (published / f"net-{DIGEST}.pth").write_bytes(CONTENT)
    (published / "net-00000000.pth").write_bytes(CONTENT)
    with serve(published) as (address, asked):
        for _ in range(2):
            assert fetch(f"{address}/net-{DIGEST}.pth").read_bytes() == CONTENT
        assert asked == [f"/net-{DIGEST}.pth"]
        with pytest.raises(UserError, match="invalid hash value"):
            fetch(f"{address}/net-00000000.pth")
    assert [path.name for path in hub.iterdir()] == [f"net-{DIGEST}.pth"]


def test_another_file_under_the_name_is_refused(hub: Path) -> None:
    hub.mkdir(parents=True)
    (hub / f"net-{DIGEST}.pth").write_bytes(b"other")
    with pytest.raises(UserError, match=f"should begin with {DIGEST}"):
        fetch(URL)


PIN = f"#sha256={sha256(CONTENT).hexdigest()}"


def test_an_address_is_downloaded_once_and_held_to_its_sha256(
    hub: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published = tmp_path / "published"
    published.mkdir()
    (published / "net.pkl").write_bytes(CONTENT)
    with serve(published) as (address, asked):
        url = f"{address}/net.pkl"
        path = find_weights(url)
        assert f"{url}{PIN}" in capsys.readouterr().err
        assert find_weights(f"{url}{PIN}") == path
        with pytest.raises(UserError, match=f"sha256 is {DIGEST}.*, expected 0000"):
            find_weights(f"{url}#sha256={'0' * 64}")
    assert asked == ["/net.pkl"]
    assert path.parent == hub
    assert path.read_bytes() == CONTENT


def test_addresses_with_one_last_part_are_two_files(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def download(url: str, path: str, hash_prefix: None) -> None:
        Path(path).write_text(url)

    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    for url in ("https://example.org/a/model_final.pkl", "https://example.org/b/model_final.pkl"):
        assert find_weights(url).read_text() == url


def test_a_local_file_may_be_held_to_its_sha256_too(tmp_path: Path) -> None:
    path = tmp_path / "w.pth"
    path.write_bytes(CONTENT)
    assert find_weights(str(path)) == find_weights(f"{path}{PIN}") == path
    path.write_bytes(b"other")
    with pytest.raises(UserError, match="expected"):
        find_weights(f"{path}{PIN}")
    with pytest.raises(UserError, match="64 hex digits"):
        find_weights(f"{path}#sha256=12")


def test_a_trainer_s_file_is_read_without_its_state(tmp_path: Path) -> None:
    weights = {"weight": torch.randn(2, 3)}
    torch.save({"model": weights, "iteration": 7}, tmp_path / "w.pth")
    assert torch.equal(read_weights(tmp_path / "w.pth")["weight"], weights["weight"])


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
def test_both_kinds_of_file_are_read(tmp_path: Path, name: str) -> None:
    weights = {"weight": torch.randn(2, 3), "bias": torch.randn(2)}
    if name.endswith("pth"):
        torch.save(weights, tmp_path / name)
    else:
        save_file(weights, tmp_path / name)
    model = nn.Linear(3, 2)
    load_weights(model, tmp_path / name)
    assert torch.equal(model.weight, weights["weight"])
    assert torch.equal(model.bias, weights["bias"])


class Harmful:
    """Pickled code that makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[Path]]:
        return Path.touch, (self.path,)


@pytest.mark.parametrize("name", ["w.pth", "w.safetensors"])
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no weights at all",
        pickle.dumps(Harmful(Path("harm")), protocol=2),
        b"\x80\x02.",
        b"\x80\x02X\1\0\0\0\xff.",
    ],
    ids=["empty", "text", "pickled code", "a pickle of nothing", "a pickle of no text"],
)
def test_what_is_no_weights_file_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(UserError, match=f"weights {tmp_path / name} cannot be read"):
        read_weights(tmp_path / name)


def test_code_inside_a_torch_file_is_not_run(tmp_path: Path) -> None:
    torch.save({"weight": Harmful(tmp_path / "harm")}, tmp_path / "w.pth")
    with pytest.raises(UserError, match="cannot be read"):
        read_weights(tmp_path / "w.pth")
    assert not (tmp_path / "harm").exists()


def test_a_file_of_something_else_is_refused(tmp_path: Path) -> None:
    torch.save({"state": {"weight": torch.ones(1)}, "epoch": 3}, tmp_path / "w.pth")
    with pytest.raises(UserError, match="expected a state dict"):
        read_weights(tmp_path / "w.pth")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"w.pth cannot be read: .*No such file"):
        read_weights(tmp_path / "w.pth")


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    torch.save({"weight": torch.ones(4, 3), "bias": torch.ones(2)}, tmp_path / "w.pth")
    with pytest.raises(UserError, match="do not fit Linear"):
        load_weights(nn.Linear(3, 2), tmp_path / "w.pth")


@pytest.mark.parametrize("name", ["x.safetensors", "x.pth"])
def test_weights_that_are_not_finite_are_refused(name: str, tmp_path: Path) -> None:
    weights = {"weight": torch.ones(2, 3), "bias": torch.tensor([1, float("nan")])}
    if name.endswith("pth"):
        torch.save(weights, tmp_path / name)
    else:
        save_file(weights, tmp_path / name)
    with pytest.raises(UserError, match=rf"{name} is damaged: bias has values that are not finite"):
        load_weights(nn.Linear(3, 2), tmp_path / name)
