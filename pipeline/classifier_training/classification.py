"""Training of classifiers of pairs, AnANet and the baselines, in one process or several."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.dataset.pairs import PairBatch, PairFeatures
from pipeline.dataset.predictions import mean_losses, predict
from pipeline.features.batches import Rows
from pipeline.metrics.f1 import Classes, f1_scores
from pipeline.models.classifier import Classifier, apply_model, require_classes
from pipeline.params.project import ClassifierTrainParams
from pipeline.processes import ProcessGroup
from pipeline.training.task import Figures, Plan, Task


class ClassificationTask(Task):
    """Adam on a classifier's loss over the train split; dev's F1 selects the epoch.

    No other split is used. Figures are losses, accuracy, weighted and macro F1.
    """

    def __init__(
        self,
        model: Classifier,
        features: PairFeatures,
        params: ClassifierTrainParams,
        group: ProcessGroup | None = None,
    ) -> None:
        """model: on the device where the features are. group: each of its processes builds a task
        of its own.

        Raises:
            UserError: a split has no pairs, or train has one class only.
        """
        require_classes(features.labels[features.rows("train")])
        self.selected_by = f"dev/{params.select_by}"
        self.model: Any = model
        self._encoders = model.encoder_parameters()
        # Encoders that never move need no gradients, most of an epoch's time.
        self._frozen_epochs = params.frozen_epochs if params.encoder_rate else params.epochs
        self.optimizer = _optimizer(model, self._encoders, params)
        self.plan = Plan(params.epochs, params.patience, params.clip_norm)
        self.ids, self.rng = features.ids, np.random.default_rng(params.seed)
        self.steps = len(features.batches("train", params.batch_size))
        self._features, self._batch_size = features, params.batch_size
        self._group = group or ProcessGroup(torch.device("cpu"))
        self._group.broadcast_weights(model)
        # Of each step: rows and their predicted classes, loss terms, pairs.
        self._results: list[tuple[Rows, Tensor, dict[str, Tensor], float]] = []

    def batches(self, epoch: int) -> list[Rows]:
        self._results = []
        for parameter in self._encoders:
            parameter.requires_grad_(epoch > self._frozen_epochs)
        mixed = self.model.mixed_batches
        return self._features.batches("train", self._batch_size, self.rng, mixed)

    def read(self, batches: Sequence[Rows]) -> Iterator[PairBatch]:
        return self._features.stream([self._group.share(rows)[0] for rows in batches])

    def backward(self, rows: Rows, inputs: PairBatch) -> Tensor:
        shared, weight = self._group.share(rows)
        output = apply_model(self.model, inputs.inputs)
        terms: dict[str, Tensor] = self.model.loss(output, inputs.labels)
        torch.autograd.backward(terms["total"] * weight)
        self._group.sum_gradients(self.model.parameters())
        predicted = output.logits.detach().argmax(1)
        losses = {name: value.detach() for name, value in terms.items()}
        self._results.append((shared, predicted, losses, len(rows) * weight))
        return terms["total"]

    def figures(self) -> Figures:
        rows, predicted, losses, sizes = zip(*self._results, strict=True)
        all_rows, all_predicted = self._group.gather(np.concatenate(rows), torch.cat(predicted))
        means = self._group.mean(mean_losses(losses, sizes), sum(sizes))
        return _figures("train", self._features.labels[all_rows], all_predicted, means)

    def evaluate(self) -> Figures:
        dev = predict(self.model, self._features, "dev")
        return self._group.broadcast(_figures("dev", dev.gold, dev.predicted, dev.losses))


def _optimizer(
    model: Classifier, encoders: list[nn.Parameter], params: ClassifierTrainParams
) -> torch.optim.Adam:
    """Adam, with a learning rate of their own for the encoders."""
    known = {id(parameter) for parameter in encoders}
    others = [parameter for parameter in model.parameters() if id(parameter) not in known]
    rates = ((encoders, params.lr * params.encoder_rate), (others, params.lr))
    groups = [{"params": group, "lr": lr} for group, lr in rates if group]
    return torch.optim.Adam(groups, lr=params.lr, weight_decay=params.weight_decay)


def _figures(split: str, gold: Classes, predicted: Classes, losses: Mapping[str, float]) -> Figures:
    named = {"loss" if name == "total" else name: value for name, value in losses.items()}
    scores = f1_scores(gold, predicted)
    return {f"{split}/{name}": value for name, value in (named | scores).items()}
