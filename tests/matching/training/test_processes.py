"""Two processes that train a matching model together end where one would, but for rounding."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from pipeline.matching.data.data import MatchingData
from pipeline.matching.data.evaluation import similarity_matrix
from pipeline.matching.training.training import train_members
from pipeline.models.matching.encoding import MaskedBatchNorm
from pipeline.processes import join_group
from tests.matching.tiny_matching import collect_captions, matching_params, write_precomp

CPU = torch.device("cpu")
# Without dropout, which would draw other numbers. Memory of the first stage labels the second.
SETTINGS = {"train.stages": [1, 1], "train.batch_size": 33, "train.lr": 2e-4}
MEMBERS = ["vse_infinity", "scan", "sgraf"]

History = dict[int, dict[str, float]]


def train_together(folder: Path, name: str, out: Path) -> None:
    params = matching_params({"corpus.folder": str(folder), "model.name": name, **SETTINGS})
    data = MatchingData.load(collect_captions(params), params, folder)
    history: History = {}

    def log(epoch: int, figures: Mapping[str, float]) -> None:
        history.setdefault(epoch, {}).update(figures)

    group = join_group(CPU)
    torch.set_num_threads(1)  # the cores are shared
    trained = train_members(data, params, log, group=group)
    found = {
        "history": history,
        "correspondence": torch.from_numpy(trained.correspondence),
        "similarity": torch.from_numpy(similarity_matrix(trained.models, data.splits["dev"])),
        "weights": [model.state_dict() for model in trained.models],
    }
    torch.save(found, out / f"{group.count}-{group.index}.pt")


@pytest.mark.parametrize("name", MEMBERS)
def test_two_processes_train_as_one(name: str, tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate", reason="needs requirements-cluster.txt")
    folder = write_precomp(tmp_path / "f30k_precomp")
    train_together(folder, name, tmp_path)
    accelerate.debug_launcher(train_together, (folder, name, tmp_path), num_processes=2)
    alone, first, other = (
        torch.load(tmp_path / file, weights_only=True) for file in ("1-0.pt", "2-0.pt", "2-1.pt")
    )
    assert first["history"].keys() == alone["history"].keys()
    for epoch, figures in alone["history"].items():
        for figure, value in figures.items():
            if "/train/" in f"/{figure}":  # recalls of few images change in steps
                assert first["history"][epoch][figure] == pytest.approx(value, rel=1e-5)
    torch.testing.assert_close(first["correspondence"], alone["correspondence"], rtol=0, atol=1e-5)
    # Not the weights, and similarities less closely: the gradient of what a layer adds before a
    # batch normalisation is rounding alone, which Adam makes whole steps of, and the running mean
    # follows them late. Training does not see either.
    torch.testing.assert_close(first["similarity"], alone["similarity"], rtol=0, atol=1e-3)
    assert first["history"] == other["history"]
    assert first["weights"][0].keys() == alone["weights"][0].keys()
    for one, two in zip(first["weights"], other["weights"], strict=True):
        assert all(torch.equal(value, two[key]) for key, value in one.items())


def normalise_a_part(out: Path) -> None:
    """In each process, three of six rows."""
    group = join_group(CPU)
    part, _ = group.part(6)
    norm = MaskedBatchNorm(2)
    norm.sum_up = group.sum
    values = rows().requires_grad_()
    found = norm(values[part], mask()[part])
    # A loss of all rows, of which each process has a graph of its own.
    (found * weights()[part]).sum().backward()
    torch.save([found, values.grad, norm.state_dict()], out / f"{group.index}.pt")


def rows() -> torch.Tensor:
    return torch.rand(6, 4, 2, generator=torch.Generator().manual_seed(0)) * 5 + 3


def weights() -> torch.Tensor:
    return torch.rand(6, 4, 2, generator=torch.Generator().manual_seed(1))


def mask() -> torch.Tensor:
    return torch.rand(6, 4, generator=torch.Generator().manual_seed(2)) < 0.6


def test_entries_of_all_processes_are_normalised_together(tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate", reason="needs requirements-cluster.txt")
    accelerate.debug_launcher(normalise_a_part, (tmp_path,), num_processes=2)
    norm, values = MaskedBatchNorm(2), rows().requires_grad_()
    expected = norm(values, mask())
    (expected * weights()).sum().backward()
    (one, one_grad, state), (two, two_grad, other) = (
        torch.load(tmp_path / f"{index}.pt", weights_only=True) for index in (0, 1)
    )
    torch.testing.assert_close(torch.cat([one, two]), expected)
    torch.testing.assert_close(one_grad + two_grad, values.grad)
    for key, value in norm.state_dict().items():
        torch.testing.assert_close(state[key], value)
        assert torch.equal(state[key], other[key])
