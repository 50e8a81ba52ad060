"""CRCL's training: stages with fresh models, of which each learns what the last one believed."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from tqdm import tqdm

from pipeline.matching.checkpoint import load_checkpoint, read_metadata, save_checkpoint
from pipeline.matching.data import MatchingData
from pipeline.matching.losses import (
    active_complementary_loss,
    complementary_loss,
    estimates,
    hinge_loss,
    infonce_loss,
)
from pipeline.matching.memory import CorrespondenceMemory
from pipeline.matching.models import MatchingModel
from pipeline.matching.noise import Rows
from pipeline.matching.params import LossParams, MatchingParams
from pipeline.matching.ranking import similarity_matrix
from pipeline.matching.retrieval import retrieval_metrics
from pipeline.training.guard import FiniteGuard

Log = Callable[[int, Mapping[str, float]], None]
NewModel = Callable[[], MatchingModel]
Figures = dict[str, float]


@dataclass
class _State:
    """What a training has come to; all of it is in its checkpoint.

    stage, epoch: the next to train. best: weights of the stage's epoch with the best dev rSum.
    """

    model: MatchingModel
    optimizer: torch.optim.Optimizer
    memory: CorrespondenceMemory
    stage: int = 0
    epoch: int = 0
    best_score: float = -1.0
    best: dict[str, Tensor] = field(default_factory=dict)
    history: list[Figures] = field(default_factory=list)


@dataclass(frozen=True)
class Trained:
    """model: the last stage's best on dev. correspondence: (n,) the memory of each train pair."""

    model: MatchingModel
    correspondence: np.ndarray
    dev_rsum: float
    epochs: int


def fit(
    new_model: NewModel,
    data: MatchingData,
    params: MatchingParams,
    checkpoint: Path,
    log: Log,
    title: str = "training",
) -> Trained:
    """Train through all stages, or go on from a checkpoint of the same training.

    Each stage begins with a new model and optimiser; only the memory lives on. A checkpoint is
    kept after each epoch, and a training that goes on from it ends as it would have without the
    break: every epoch draws from a seed of its own.

    Args:
        new_model: draws its weights from PyTorch's generator.
        data: of the train and the dev split; no other is touched.
        log: gets each epoch's number, from 1, and its figures.

    Raises:
        UserError: the loss or its gradient is not finite.
    """
    identity = f"{params.model_dump_json()} {data.digest} {title}"
    state = _resume(checkpoint, identity, new_model, data, params)
    for number, figures in enumerate(state.history, start=1):
        log(number, figures)
    total = sum(epochs + params.correction.warm_up for epochs in params.train.stages)
    done = len(state.history)
    with tqdm(total=total, initial=done, desc=title, unit="epoch") as bar:
        for stage, epoch in _rest(params, state):
            if epoch == 0:
                _begin_stage(state, new_model, data, params, stage)
            figures = _train_epoch(state, data, params, stage, epoch)
            figures |= _judge_dev(state, data)
            state.history.append(figures)
            state.stage, state.epoch = stage, epoch + 1
            _save(checkpoint, state, identity)
            log(len(state.history), figures)
            bar.update()
            bar.set_postfix({"stage": stage + 1, "dev rSum": f"{figures['dev/rsum']:.1f}"})
    state.model.load_state_dict(state.best)
    state.model.eval()
    return Trained(state.model, state.memory.values.numpy(), state.best_score, len(state.history))


def _rest(params: MatchingParams, state: _State) -> Iterator[tuple[int, int]]:
    """(stage, epoch) of every epoch that is still to train."""
    for stage, epochs in enumerate(params.train.stages):
        for epoch in range(epochs + params.correction.warm_up):
            if (stage, epoch) >= (state.stage, state.epoch):
                yield stage, epoch


def _begin_stage(
    state: _State, new_model: NewModel, data: MatchingData, params: MatchingParams, stage: int
) -> None:
    torch.manual_seed(_seed(params, stage, 0))
    state.model = new_model().to(data.splits["train"].device)
    state.optimizer = _optimizer(state.model, params)
    # A later stage starts below an earlier one's best, and knows better by its end.
    state.best_score, state.best = -1.0, {}


def _train_epoch(
    state: _State, data: MatchingData, params: MatchingParams, stage: int, epoch: int
) -> Figures:
    settings, train = params.train, data.splits["train"]
    lr = settings.lr * 0.1 ** (epoch // settings.decay_every)
    for group in state.optimizer.param_groups:
        group["lr"] = lr
    seed = _seed(params, stage, epoch + 1)
    torch.manual_seed(seed)
    guard = FiniteGuard(train.ids, len(state.history) + 1, lr)
    state.model.train()
    losses, trusted = [], []
    batches = random_batches(len(train.ids), settings.batch_size, np.random.default_rng(seed))
    for step, rows in enumerate(batches, start=1):
        similarity = state.model(*train.pairs(rows, settings))  # (B, B)
        found = estimates(similarity, params.loss.temperature).cpu()
        labels = state.memory.refine(torch.from_numpy(rows), found, stage, epoch)
        loss = matching_loss(similarity, labels.to(similarity), params.loss)
        state.optimizer.zero_grad()
        torch.autograd.backward(loss)
        norm = clip_grad_norm_(state.model.parameters(), settings.clip_norm)
        guard.watch(step, rows, loss, norm)
        state.optimizer.step()
        losses.append(loss.detach())
        trusted.append(labels.mean())
    guard.look()
    return {
        "train/loss": float(torch.stack(losses).mean()),
        "train/label": float(torch.stack(trusted).mean()),
    }


def matching_loss(similarity: Tensor, labels: Tensor, params: LossParams) -> Tensor:
    """The loss that the parameters name; only CRCL's reads the labels (B,)."""
    if params.name == "active_complementary":
        return active_complementary_loss(
            similarity, labels, params.temperature, params.weight, params.tangent
        )
    if params.name == "complementary":
        return complementary_loss(similarity, params.temperature)
    if params.name == "hinge":
        return hinge_loss(similarity, params.margin)
    return infonce_loss(similarity, params.temperature)


def random_batches(pairs: int, size: int, rng: np.random.Generator) -> list[Rows]:
    """All pairs once, in batches of about equal size: none is so small that it has no others."""
    return np.array_split(rng.permutation(pairs), -(-pairs // size))


def _judge_dev(state: _State, data: MatchingData) -> Figures:
    dev = data.splits["dev"]
    found = retrieval_metrics(similarity_matrix([state.model], dev), dev.image)
    if found["rsum"] > state.best_score:
        weights = state.model.state_dict()
        state.best_score = found["rsum"]
        state.best = {name: x.clone() for name, x in weights.items()}
    return {f"dev/{name}": value for name, value in found.items() if "rank" not in name}


def _optimizer(model: MatchingModel, params: MatchingParams) -> torch.optim.Optimizer:
    return torch.optim.AdamW(model.parameters(), lr=params.train.lr)


def _seed(params: MatchingParams, stage: int, part: int) -> int:
    return int(np.random.SeedSequence([params.train.seed, stage, part]).generate_state(1)[0])


def _save(path: Path, state: _State, identity: str) -> None:
    metadata = {
        "identity": identity,
        "stage": str(state.stage),
        "epoch": str(state.epoch),
        "best_score": repr(state.best_score),
        "history": json.dumps(state.history),
    }
    others = {"best": state.best, "memory": {"values": state.memory.values}}
    save_checkpoint(path, state.model, state.optimizer, others, metadata)


def _resume(
    path: Path, identity: str, new_model: NewModel, data: MatchingData, params: MatchingParams
) -> _State:
    """The state in the checkpoint of this very training, or that of one to begin."""
    train = data.splits["train"]
    memory = CorrespondenceMemory(len(train.ids), params.correction)
    model = new_model().to(train.device)
    state = _State(model, _optimizer(model, params), memory)
    if not path.exists():
        return state
    metadata: dict[str, Any] = read_metadata(path)
    if metadata.get("identity") != identity:
        print(f"{path} belongs to another training; beginning anew")
        return state
    state.best, values = load_checkpoint(path, model, state.optimizer, ("best", "memory"))
    memory.values = values["values"]
    state.stage, state.epoch = int(metadata["stage"]), int(metadata["epoch"])
    state.best_score = float(metadata["best_score"])
    state.history = json.loads(metadata["history"])
    return state
