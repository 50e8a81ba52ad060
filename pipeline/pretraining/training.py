"""Pretraining by matching: each stage trains a new matcher, and keeps whom to believe."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from pipeline.dataset.pairs import PairBatch, PairFeatures
from pipeline.errors import UserError
from pipeline.features.batches import Rows, shuffled_batches
from pipeline.models.ananet_matcher import AnANetMatcher, MatcherConfig
from pipeline.models.classifier import TEXT_NAMES
from pipeline.models.correspondence_memory import CorrespondenceMemory
from pipeline.models.layers import drop_items, select_items
from pipeline.models.matching_losses import estimates, matching_loss, related_loss
from pipeline.params.pretrain import PretrainParams
from pipeline.params.project import Params
from pipeline.pretraining.relatedness import Relatedness
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from pipeline.training.task import Figures, Log, Plan, Task

_LEAST_PAIRS = 2


@dataclass(frozen=True)
class Pretrained:
    """matcher: of the last stage's best epoch on dev. dev: its figures there."""

    matcher: AnANetMatcher
    dev: Figures


class PretrainingTask(Task):
    """Adam on the sum of the losses of each similarity and of their sum, over a batch's pairs.

    Figures on dev are shares of images and texts that find each other among those of their batch,
    by each similarity and by the sum; the latter's selects.
    """

    selected_by = "dev/sum_r1"

    def __init__(
        self,
        matcher: AnANetMatcher,
        features: PairFeatures,
        params: PretrainParams,
        memory: CorrespondenceMemory,
        stage: int,
    ) -> None:
        """memory: of the train pairs, from earlier stages; there need be no test split."""
        self.model: AnANetMatcher = matcher
        self.optimizer = torch.optim.Adam(matcher.parameters(), lr=params.train.lr)
        epochs = params.train.stages[stage] + params.correction.warm_up
        self.plan = Plan(epochs, epochs, params.train.clip_norm, f"pretraining, stage {stage + 1}")
        self.ids, self.rng = features.ids, np.random.default_rng([params.train.seed, stage])
        self._features, self._params, self._memory = features, params, memory
        self._stage, self._epoch = stage, 0
        train, dev = features.rows("train"), features.rows("dev")
        self._places = np.zeros(len(features.ids), np.int64)  # of a train pair in the memory
        self._places[train] = np.arange(len(train))
        self._related = None
        if params.loss.target_temperature:
            self._related = Relatedness.of(features, train)
        self._train, self._dev = train, self._batches(dev, np.random.default_rng(0))
        self.steps = len(self._batches(train, np.random.default_rng(0)))
        self._steps: list[tuple[Tensor, Tensor]] = []  # loss and mean label

    @property
    def state(self) -> dict[str, Tensor]:
        return {"memory": self._memory.values}

    def batches(self, epoch: int) -> list[Rows]:
        self._epoch, self._steps = epoch - 1, []
        return self._batches(self._train, self.rng)

    def read(self, batches: Sequence[Rows]) -> Iterator[PairBatch]:
        return self._features.stream(batches)

    def backward(self, rows: Rows, inputs: PairBatch) -> Tensor:
        settings = self._params.loss
        self._decay()
        similarities = self._similarities(inputs)  # (4, B, B)
        estimate = estimates(similarities[-1], settings.temperature)
        places = self._features.arrays.place(self._places[rows])
        labels = self._memory.refine(places, estimate, self._stage, self._epoch)
        loss = self._loss(similarities, places, labels)
        torch.autograd.backward(loss)
        self._steps.append((loss.detach(), labels.mean()))
        return loss

    def _loss(self, similarities: Tensor, places: Tensor, labels: Tensor) -> Tensor:
        """Summed over the similarities (4, B, B) of the pairs at these places of the memory."""
        settings = self._params.loss
        if not self._related:
            return torch.stack([matching_loss(s, labels, settings) for s in similarities]).sum()
        related = self._related(places)  # (B, B)
        temperatures = settings.temperature, settings.target_temperature
        return torch.stack([related_loss(s, related, *temperatures) for s in similarities]).sum()

    def figures(self) -> Figures:
        losses, labels = (torch.stack(values) for values in zip(*self._steps, strict=True))
        return {"train/loss": float(losses.mean()), "train/label": float(labels.mean())}

    @torch.inference_mode()
    def evaluate(self) -> Figures:
        self.model.eval()
        found = torch.stack([_recall(found) for found in self._found(self._dev)]).mean(0)
        names = (*AnANetMatcher.names, "sum")
        return {f"dev/{name}_r1": float(r1) for name, r1 in zip(names, found, strict=True)}

    @torch.inference_mode()
    def calibrate(self) -> None:
        """Tell the matcher what it finds in dev's images with other images' texts."""
        self.model.eval()
        sums = [found[-1] for found in self._found(self._dev)]
        own = [torch.eye(len(s), dtype=torch.bool, device=s.device) for s in sums]
        self.model.calibrate(torch.cat([s[~o] for s, o in zip(sums, own, strict=True)]))

    def _decay(self) -> None:
        if self._params.train.decay == "linear":
            done = self._epoch * self.steps + len(self._steps)
            rate = self._params.train.lr * (1 - done / (self.plan.epochs * self.steps))
            self.optimizer.param_groups[0]["lr"] = rate

    def _found(self, batches: Sequence[Rows]) -> Iterator[Tensor]:
        return map(self._similarities, self.read(batches))

    def _similarities(self, batch: PairBatch) -> Tensor:
        """Of every image with every text of these pairs, each similarity and their sum."""
        inputs = {**batch.inputs}
        if self.model.training:
            self._drop(inputs)
        texts = self.model.encode_texts(*(inputs.pop(name) for name in TEXT_NAMES))
        images = self.model.encode_images(**inputs)
        found = self.model.similarities(images, texts)  # (3, B, B)
        return torch.cat([found, found.sum(0, keepdim=True)])

    def _drop(self, inputs: dict[str, Tensor]) -> None:
        """Take regions away and set words to zero, at random."""
        params = self._params.train
        if params.drop_regions:
            regions = inputs["regions"], inputs["region_mask"]
            found = select_items(*regions, params.drop_regions)
            inputs["regions"], inputs["region_mask"] = found
        kept = drop_items(inputs["word_mask"], params.drop_words)
        inputs["words"] = inputs["words"] * kept.unsqueeze(-1)

    def _batches(self, rows: Rows, rng: np.random.Generator) -> list[Rows]:
        """All rows once, in random batches of similar lengths and nearly equal sizes, so that each
        pair has negatives."""
        count = -(-len(rows) // self._params.train.batch_size)
        arrays = self._features.arrays
        size, places = -(-len(rows) // count), arrays.places(rows)
        return shuffled_batches(rows, arrays.lengths[rows], size, rng, places)


def pretrain(
    features: PairFeatures,
    params: PretrainParams,
    main: Params,
    log: Log,
    checkpoints: Path | None = None,
) -> Pretrained:
    """Train in stages; the last one's matcher is the result.

    Args:
        features: splits train and dev are used.
        main: the root's parameters, for `model`, `association.d_inv` and `alignment`.
        log: gets each epoch's number, from 1 on through all stages, and its figures.
        checkpoints: a folder for a checkpoint per stage, from which an interrupted run resumes.

    Raises:
        UserError: a split has too few pairs, or the loss or its gradient is not finite.
    """
    _require_pairs(features)
    seed_everything(params.train.seed)
    device = features.arrays.device
    memory = CorrespondenceMemory(len(features.rows("train")), params.correction, device)
    before, figures = 0, Figures()

    def count_on(epoch: int, found: Mapping[str, float]) -> None:
        log(before + epoch, found)

    for stage in range(len(params.train.stages)):
        matcher = new_matcher(features, main)
        task = PretrainingTask(matcher, features, params, memory, stage)
        checkpoint = None
        if checkpoints:
            settings = f"{matcher.config.model_dump_json()} {params.model_dump_json()}"
            identity = f"{settings} {features.digest} {features.arrays.batching} {device} {stage}"
            checkpoint = Checkpoint(checkpoints / f"{stage + 1}.safetensors", identity)
        fit(task, count_on, checkpoint)
        before, figures = before + task.plan.epochs, task.evaluate()
    task.calibrate()
    return Pretrained(matcher, figures)


def _require_pairs(features: PairFeatures) -> None:
    for split in ("train", "dev"):
        if (count := len(features.rows(split))) < _LEAST_PAIRS:
            raise UserError(
                f"pretraining tells pairs from each other, so train and dev need {_LEAST_PAIRS} or"
                f" more each; the {split} split has {count}"
            )


def new_matcher(features: PairFeatures, main: Params) -> AnANetMatcher:
    """An untrained matcher for these features, on their device."""
    arrays = features.arrays
    config = MatcherConfig(
        region_dim=arrays.region_dim,
        word_dim=arrays.word_dim,
        d_inv=main.association.d_inv,
        encoders=arrays.encoders,
        model=main.model,
        alignment=main.alignment,
        scene=arrays.scene_dims,
    )
    matcher = AnANetMatcher(config)
    if main.model.region_scaling == "standardize":
        train = features.rows("train")
        matcher.image_encoder.standardize(*arrays.region_moments(train))
        if matcher.scene_encoder:
            matcher.scene_encoder.standardize(arrays.scene_moments(train))
    return matcher.to(arrays.device)


def _recall(similarities: Tensor) -> Tensor:
    """Of each similarity (M, B, B), the share of images and texts whose own is the greatest."""
    own = torch.arange(similarities.shape[-1], device=similarities.device)
    texts, images = similarities.argmax(2) == own, similarities.argmax(1) == own  # (M, B)
    return (texts.double().mean(1) + images.double().mean(1)) / 2
