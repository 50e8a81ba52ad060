"""Training of a model of search: Adam on the ranking loss, and the epoch that is best on dev."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from tqdm import tqdm

from pipeline.search.amc import AMC
from pipeline.search.data import Rows, SearchFeatures
from pipeline.search.loss import ranking_loss, sample_negatives
from pipeline.search.metrics import ranking_metrics
from pipeline.search.params import RankingParams, SearchParams
from pipeline.search.ranking import pictures_to, rank_split
from pipeline.training.batching import shuffled_batches
from pipeline.training.guard import FiniteGuard

Log = Callable[[int, Mapping[str, float]], None]

# Of dev's figures, the one that chooses the epoch: recall at a rank sees less of a ranking.
SELECTED_BY = "ndcg@25"


def fit(
    model: AMC, features: SearchFeatures, params: SearchParams, log: Log, progress: bool = True
) -> int:
    """Train on the train split until dev's NDCG stops rising; leaves the best weights.

    A batch is of distinct clicked (query, picture) lines. Each query's negatives are drawn from the
    batch's other pictures, of which none is relevant to it: what they are of, they were chosen for
    as often as people look for them.

    Args:
        model: trained in place.
        params: sections ranking, train, evaluate; epochs are counted from 1.
        log: gets each epoch's number, train/loss, and dev's figures.

    Returns: the best epoch.

    Raises:
        UserError: the loss or its gradient is not finite.
    """
    train = params.train
    optimizer = torch.optim.Adam(model.parameters(), lr=train.lr, weight_decay=train.weight_decay)
    batches = TrainBatches(features, train.batch_size, train.seed)
    best, score, weights = 0, -1.0, model.state_dict()
    bar: tqdm[Any]
    total = train.epochs * batches.count
    with tqdm(total=total, desc="training", unit="batch", disable=not progress) as bar:
        for epoch in range(1, train.epochs + 1):
            loss = _train_epoch(model, batches, params, optimizer, epoch, bar)
            _, ranking = rank_split(model, features, "dev", params.evaluate)
            found = ranking_metrics(ranking, params.evaluate.without_relevant)
            log(epoch, {"train/loss": loss, **{f"dev/{name}": x for name, x in found.items()}})
            bar.set_postfix({"epoch": epoch, "dev NDCG": f"{found[SELECTED_BY]:.4f}"})
            if found[SELECTED_BY] > score:
                best, score = epoch, found[SELECTED_BY]
                weights = {name: value.clone() for name, value in model.state_dict().items()}
            if epoch - best >= train.patience:
                break
    model.load_state_dict(weights)
    model.eval()
    return best


class TrainBatches:
    """The clicked lines of the train split, in another order every epoch."""

    def __init__(self, features: SearchFeatures, size: int, seed: int) -> None:
        lines = features.split("train")
        lines = lines[lines["clicks"] > 0]
        self.features = features
        self.query: Rows = lines["query"].to_numpy(np.int64)
        self.picture: Rows = lines["picture"].to_numpy(np.int64)
        self.names = [features.query_keys[query] for query in self.query.tolist()]
        self._lengths = features.words.lengths[self.query]
        self._relevant = np.sort(self._code(self.query, self.picture))
        self._size, self.rng = size, np.random.default_rng(seed)
        self.count = -(-len(lines) // size)

    def epoch(self) -> list[Rows]:
        """Lines by batch, of queries of like length."""
        rows = np.arange(len(self.query))
        return shuffled_batches(rows, self._lengths, self._size, self.rng)

    def relevant(self, queries: Rows, pictures: Rows) -> npt.NDArray[np.bool_]:
        """Which pictures are relevant to which queries (B, I)."""
        return np.isin(self._code(queries[:, None], pictures), self._relevant)

    def _code(self, query: Rows, picture: Rows) -> Rows:
        return query * len(self.features.pictures) + picture


def _train_epoch(
    model: AMC,
    batches: TrainBatches,
    params: SearchParams,
    optimizer: torch.optim.Optimizer,
    epoch: int,
    bar: "tqdm[Any]",
) -> float:
    """The mean loss of an epoch's batches."""
    model.train()
    guard = FiniteGuard(batches.names, epoch, params.train.lr)
    losses = []
    for step, lines in enumerate(batches.epoch(), start=1):
        loss = _batch_loss(model, batches, lines, params.ranking)
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        norm = clip_grad_norm_(model.parameters(), params.train.clip_norm)
        guard.watch(step, lines, loss, norm)
        optimizer.step()
        losses.append(loss.detach())
        bar.update()
    guard.look()
    return float(torch.stack(losses).mean())


def _batch_loss(model: AMC, batches: TrainBatches, lines: Rows, params: RankingParams) -> Tensor:
    """The loss of each tower by itself: late fusion joins what was trained apart."""
    queries, features = batches.query[lines], batches.features
    pictures, positive = np.unique(batches.picture[lines], return_inverse=True)
    relevant = batches.relevant(queries, pictures)
    negatives = sample_negatives(relevant, params.negatives, batches.rng)
    encoded = model.encode(pictures_to(features.pictures.gather(pictures), model))
    device = encoded[0].keywords.device
    words, mask = (part.to(device) for part in features.words.gather(queries))
    own, others = (torch.from_numpy(rows).to(device) for rows in (positive, negatives))
    parts = model(words, mask, encoded)
    losses = [ranking_loss(part.scores, own, others, params.margin, params.hinge) for part in parts]
    return torch.stack(losses).sum()
