import pytest
import torch

from pipeline.core.device import parallel_calls, resolve_device
from pipeline.errors import UserError


@pytest.mark.parametrize(
    ("name", "gpus", "device"),
    [
        ("auto", 0, "cpu"),
        ("auto", 2, "cuda:0"),
        ("cpu", 2, "cpu"),
        ("cuda", 1, "cuda"),
        ("cuda:1", 2, "cuda:1"),
    ],
)
def test_device_by_name(monkeypatch: pytest.MonkeyPatch, name: str, gpus: int, device: str) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    assert resolve_device(name) == torch.device(device)


@pytest.mark.parametrize(("name", "gpus"), [("cuda", 0), ("cuda:2", 2)])
def test_a_gpu_that_is_not_there(monkeypatch: pytest.MonkeyPatch, name: str, gpus: int) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    with pytest.raises(UserError, match=f"'{name}', but PyTorch sees {gpus} GPU"):
        resolve_device(name)


@pytest.mark.parametrize("name", ["tpu", "", "cuda:", "cuda:-1", "cuda:99999999999", "CPU", "meta"])
def test_what_is_no_device_is_named(name: str) -> None:
    with pytest.raises(UserError, match=f"device = '{name}'; allowed: auto, cpu, cuda or cuda:N"):
        resolve_device(name)


def test_a_gpu_gets_one_call_at_a_time() -> None:
    assert parallel_calls(torch.device("cuda")) == 1
    assert 1 <= parallel_calls(torch.device("cpu")) <= 16
