"""The training loop: Adam, clipped gradients, and the epoch that is best on dev."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from tqdm import tqdm

from pipeline.models.classifier import Classifier, judge
from pipeline.params import TrainParams
from pipeline.training.data import PairFeatures
from pipeline.training.evaluation import mean_losses, predict
from pipeline.training.guard import FiniteGuard
from pipeline.training.metrics import Classes, weighted_f1
from pipeline.training.processes import Alone, Team

Log = Callable[[int, Mapping[str, float]], None]
Loss = Callable[[Any, Tensor], dict[str, Tensor]]


@dataclass
class Best:
    """The weights of the epoch that did best on dev so far."""

    epoch: int = 0
    score: float = -1.0
    weights: dict[str, Tensor] = field(default_factory=dict)

    def offer(self, epoch: int, score: float, model: Classifier) -> None:
        """Keep the model's weights if no earlier epoch did as well."""
        if score > self.score:
            self.epoch, self.score = epoch, score
            self.weights = {name: value.clone() for name, value in model.state_dict().items()}


def fit(
    model: Classifier,
    features: PairFeatures,
    params: TrainParams,
    log: Log,
    loss: Loss | None = None,
    progress: bool = True,
    team: Team | None = None,
) -> Best:
    """Train on the train split until dev's weighted F1 stops rising; leaves the best weights.

    Args:
        model: trained in place, on the device where it and the features are.
        features: of the train and the dev split; no other is touched.
        params: epochs are counted from 1; `patience` of them without a better dev F1 end it.
        log: gets each epoch's number and figures: train/ and dev/ losses, accuracy, weighted F1.
        loss: what to minimise on train instead of the model's own loss, of the same form.
        progress: show a bar.
        team: the processes that train together; all of them call this alike.

    Raises:
        UserError: the loss or its gradient is not finite.
    """
    optimizer = torch.optim.Adam(model.parameters(), lr=params.lr, weight_decay=params.weight_decay)
    rng = np.random.default_rng(params.seed)
    best = Best()
    team = team or Alone(torch.device("cpu"))
    team.begin(model)
    steps = len(features.batches("train", params.batch_size))
    bar: tqdm[Any]
    loss = loss or model.loss
    total = params.epochs * steps
    with tqdm(total=total, desc="training", unit="batch", disable=not progress) as bar:
        for epoch in range(1, params.epochs + 1):
            figures = _train_epoch(model, features, params, loss, optimizer, epoch, rng, bar, team)
            figures |= team.agree(_judge_dev(model, features))
            log(epoch, figures)
            best.offer(epoch, figures["dev/f1_weighted"], model)
            bar.set_postfix({"epoch": epoch, "dev F1": f"{figures['dev/f1_weighted']:.4f}"})
            if epoch - best.epoch >= params.patience:
                break
    model.load_state_dict(best.weights)
    model.eval()
    return best


def _train_epoch(
    model: Classifier,
    features: PairFeatures,
    params: TrainParams,
    loss: Loss,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    rng: np.random.Generator,
    bar: "tqdm[Any]",
    team: Team,
) -> dict[str, float]:
    model.train()
    guard = FiniteGuard(features.ids, epoch, params.lr)
    batches = features.batches("train", params.batch_size, rng)
    own_rows, predicted, losses, sizes = [], [], [], []
    for step, rows in enumerate(batches, start=1):
        own, weight = team.share(rows)
        batch = features.gather(own)
        output = judge(model, batch.inputs)
        terms = loss(output, batch.labels)
        optimizer.zero_grad()
        torch.autograd.backward(terms["total"] * weight)
        team.sum_gradients(model.parameters())
        norm = clip_grad_norm_(model.parameters(), params.clip_norm)
        guard.watch(step, rows, terms["total"], norm)
        optimizer.step()
        own_rows.append(own)
        sizes.append(len(rows) * weight)
        predicted.append(output.logits.detach().argmax(1))
        losses.append({name: value.detach() for name, value in terms.items()})
        bar.update()
    guard.look()
    seen, found = team.gather(np.concatenate(own_rows), torch.cat(predicted))
    means = team.mean(mean_losses(losses, sizes), sum(sizes))
    return _figures("train", features.labels[seen], found, means)


def _judge_dev(model: Classifier, features: PairFeatures) -> dict[str, float]:
    found = predict(model, features, "dev")
    return _figures("dev", found.gold, found.predicted, found.losses)


def _figures(
    split: str, gold: Classes, predicted: Classes, losses: Mapping[str, float]
) -> dict[str, float]:
    named = {"loss" if name == "total" else name: value for name, value in losses.items()}
    scores = {
        "accuracy": float((gold == predicted).mean()),
        "f1_weighted": weighted_f1(gold, predicted),
    }
    return {f"{split}/{name}": value for name, value in (named | scores).items()}
