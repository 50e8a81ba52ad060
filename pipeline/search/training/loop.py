"""Training of search models: Adam on the ranking loss over clicked lines."""

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pipeline.core.device import on_device, resolve_device
from pipeline.features.batches import Rows, shuffled_batches
from pipeline.metrics.ranking import ranking_metrics
from pipeline.models.search.amc import AMC, Images
from pipeline.models.search.loss import ranking_loss, sample_negatives
from pipeline.params.search import EvaluateParams, RankingParams, SearchParams
from pipeline.processes import ProcessGroup
from pipeline.search.data.data import SearchFeatures
from pipeline.search.data.inputs import SearchInputs, new_model
from pipeline.search.data.ranking import images_to, rank_split
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from pipeline.training.task import Figures, Plan, Task


class RankingTask(Task):
    """Adam on the ranking loss over the train split; dev's NDCG selects.

    A batch has distinct clicked (query, image) lines. The negatives of a query are drawn from the
    images of the batch that are not relevant to it. Figures are the loss and dev's metrics.
    """

    # NDCG takes more of a ranking into account than recall at one rank.
    selected_by = "dev/ndcg@25"

    def __init__(
        self,
        model: AMC,
        features: SearchFeatures,
        params: SearchParams,
        group: ProcessGroup | None = None,
    ) -> None:
        """params: sections ranking, train, evaluate. group: each of its processes builds a task of
        its own."""
        train = params.train
        self.model: AMC = model
        self.optimizer = torch.optim.Adam(
            model.parameters(), lr=train.lr, weight_decay=train.weight_decay
        )
        self.plan = Plan(train.epochs, train.patience, train.clip_norm)
        self._lines = TrainBatches(features, train.batch_size, train.seed)
        self.ids, self.rng = self._lines.names, self._lines.rng
        self.steps = self._lines.count
        self._params = params
        self._losses: list[Tensor] = []
        device = next(model.parameters()).device
        self._group = group or ProcessGroup(device)
        self._group.broadcast_weights(model)
        features.words.to(device)
        features.images.to(device)

    def batches(self, epoch: int) -> list[Rows]:
        self._losses = []
        return self._lines.epoch()

    def read(self, batches: Sequence[Rows]) -> Iterator[Images]:
        return self._lines.images(batches)

    def backward(self, rows: Rows, inputs: Images) -> Tensor:
        part, weight = self._group.part(len(rows))
        loss = _batch_loss(self.model, self._lines, rows, part, inputs, self._params.ranking)
        loss = loss * weight  # that of the batch is the sum over processes
        torch.autograd.backward(loss)
        self._group.sum_gradients(self.model.parameters())
        self._losses.append(loss.detach())
        return loss

    def figures(self) -> Figures:
        return {"train/loss": float(self._group.sum(torch.stack(self._losses).mean()))}

    def evaluate(self) -> Figures:
        metrics = _metrics(self.model, self._lines.features, "dev", self._params.evaluate)
        return self._group.broadcast({f"dev/{name}": value for name, value in metrics.items()})


class TrainBatches:
    """The clicked lines of the train split, shuffled every epoch."""

    def __init__(self, features: SearchFeatures, size: int, seed: int) -> None:
        lines = features.split("train")
        lines = lines[lines["clicks"] > 0]
        self.features = features
        self.query: Rows = lines["query"].to_numpy(np.int64)
        self.image: Rows = lines["image"].to_numpy(np.int64)
        self.names = [features.query_keys[query] for query in self.query.tolist()]
        self._lengths = features.words.lengths[self.query]
        self._relevant = np.sort(self._code(self.query, self.image))
        self._size, self.rng = size, np.random.default_rng(seed)
        self.count = -(-len(lines) // size)

    def epoch(self) -> list[Rows]:
        """Lines by batch, with queries of similar length."""
        rows = np.arange(len(self.query))
        places = self.features.images.places(self.image)
        return shuffled_batches(rows, self._lengths, self._size, self.rng, places)

    def images(self, batches: Sequence[Rows]) -> Iterator[Images]:
        """The distinct images of the lines of each batch."""
        return self.features.images.stream([np.unique(self.image[lines]) for lines in batches])

    def relevant(self, queries: Rows, images: Rows) -> npt.NDArray[np.bool_]:
        """Which images are relevant to which queries (B, I)."""
        return np.isin(self._code(queries[:, None], images), self._relevant)

    def _code(self, query: Rows, image: Rows) -> Rows:
        return query * len(self.features.images) + image


def _batch_loss(
    model: AMC,
    batches: TrainBatches,
    lines: Rows,
    part: slice,
    found: Images,
    params: RankingParams,
) -> Tensor:
    """The sum of the towers' losses: late fusion trains them separately.

    part: of the lines, whose queries are ranked. found: the distinct images of all lines.
    """
    queries, features = batches.query[lines], batches.features
    images, positive = np.unique(batches.image[lines], return_inverse=True)
    relevant = batches.relevant(queries, images)
    negatives = sample_negatives(relevant, params.negatives, batches.rng)
    encoded = model.encode(images_to(found, model))
    device, own = encoded[0].keywords.device, queries[part]
    words, mask = features.words.gather(own)
    true, false = (
        on_device(torch.from_numpy(rows[part]), device) for rows in (positive, negatives)
    )
    towers = model(words, mask, encoded, torch.from_numpy(features.words.lengths[own]))
    losses = [ranking_loss(x.scores, true, false, params.margin, params.hinge) for x in towers]
    return torch.stack(losses).sum()


def train_variant(params: SearchParams, inputs: SearchInputs) -> dict[str, float]:
    """Train a model; returns the kept epoch and the metrics of the test split.

    Raises:
        UserError: a split has no queries, or the loss or its gradient is not finite.
    """
    seed_everything(params.train.seed)
    model = new_model(params, inputs).to(resolve_device(params.train.device))
    best = fit(RankingTask(model, inputs.features, params), lambda epoch, figures: None)
    return {"epoch": best.epoch, **_metrics(model, inputs.features, "test", params.evaluate)}


def _metrics(
    model: AMC, features: SearchFeatures, split: str, params: EvaluateParams
) -> dict[str, float]:
    _, ranking = rank_split(model, features, split, params)
    return ranking_metrics(ranking, params.without_relevant)
