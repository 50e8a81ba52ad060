"""Two processes that train AMC together end where one would, but for rounding."""

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch

from pipeline.processes import join_group
from pipeline.search.training.loop import RankingTask
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from tests.search.tiny import tiny_model, tiny_params
from tests.search.training.test_loop import drawn_features

CPU = torch.device("cpu")


def train_together(hinge: str, out: Path) -> None:
    # Leaves a batch of one line, fewer than there are processes.
    params = tiny_params(
        train={"epochs": 3, "lr": 0.01, "batch_size": 13}, ranking={"hinge": hinge}
    )
    seed_everything(params.train.seed)
    model = tiny_model("gru")
    history: dict[int, dict[str, float]] = {}

    def log(epoch: int, figures: Mapping[str, float]) -> None:
        history[epoch] = {**figures}

    group = join_group(CPU)
    torch.set_num_threads(1)  # the cores are shared
    fit(RankingTask(model, drawn_features(), params, group), log, progress=False)
    found = {"history": history, "weights": model.state_dict()}
    torch.save(found, out / f"{group.count}-{group.index}.pt")


@pytest.mark.parametrize("hinge", ["per_negative", "summed"])
def test_two_processes_train_as_one(hinge: str, tmp_path: Path) -> None:
    accelerate = pytest.importorskip("accelerate", reason="needs requirements-cluster.txt")
    train_together(hinge, tmp_path)
    accelerate.debug_launcher(train_together, (hinge, tmp_path), num_processes=2)
    alone, first, other = (
        torch.load(tmp_path / file, weights_only=True) for file in ("1-0.pt", "2-0.pt", "2-1.pt")
    )
    assert first["history"] == other["history"]
    assert len(alone["history"]) == 3
    for epoch, figures in alone["history"].items():
        found = first["history"][epoch]["train/loss"]
        assert found == pytest.approx(figures["train/loss"], rel=1e-4)
    for name, value in alone["weights"].items():
        torch.testing.assert_close(first["weights"][name], value, rtol=1e-3, atol=1e-4)
        assert torch.equal(first["weights"][name], other["weights"][name])
