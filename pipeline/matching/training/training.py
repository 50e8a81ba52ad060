"""CRCL's training: each stage trains a new model on the labels that the last one corrected."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor

from pipeline.core.device import on_device
from pipeline.features.batches import shuffled
from pipeline.files import whole_file
from pipeline.matching.captions.noise import Rows
from pipeline.matching.data.data import MatchingData, Pairs
from pipeline.matching.data.evaluation import similarity_matrix
from pipeline.matching.data.models import CORRESPONDENCE, new_model
from pipeline.metrics.ranking import retrieval_metrics
from pipeline.models.correspondence_memory import CorrespondenceMemory
from pipeline.models.matching.model import MatchingModel
from pipeline.models.matching.sgraf import SAF
from pipeline.models.matching_losses import estimates, matching_loss
from pipeline.params.matching import MatchingParams, Member
from pipeline.processes import ProcessGroup
from pipeline.training.checkpoint import process_checkpoint
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from pipeline.training.task import Figures, Log, Plan, Task


@dataclass(frozen=True)
class Trained:
    """model: the last stage's best on dev. correspondence: (n,) the memory of the train pairs."""

    model: MatchingModel
    correspondence: np.ndarray
    dev_rsum: float


@dataclass(frozen=True)
class TrainedMembers:
    """The models whose similarities are averaged, by name; ids: of the train captions."""

    members: dict[str, Trained]
    ids: list[str]

    @property
    def models(self) -> list[MatchingModel]:
        return [member.model for member in self.members.values()]

    @property
    def correspondence(self) -> npt.NDArray[np.float64]:
        """How likely each train caption is right, (n,), the mean over the models."""
        members = np.stack([member.correspondence for member in self.members.values()])
        mean: npt.NDArray[np.float64] = members.astype(np.float64).mean(0)
        return mean

    def save(self, folder: Path) -> None:
        """A folder per model, and a table of the correspondence: id, correspondence.

        Raises:
            UserError: a file cannot be written.
        """
        for name, member in self.members.items():
            member.model.save_pretrained(folder / name)
        table = pd.DataFrame({"id": self.ids, "correspondence": self.correspondence})
        with whole_file(folder / CORRESPONDENCE) as temporary:
            table.to_parquet(temporary, index=False)


class MatchingTask(Task):
    """One stage: AdamW on the loss that the parameters name; dev's sum of recalls selects.

    Every epoch has its own seed. Figures are the loss, the mean corrected label, and dev's recalls.
    """

    selected_by = "dev/rsum"

    def __init__(
        self,
        model: MatchingModel,
        data: MatchingData,
        params: MatchingParams,
        memory: CorrespondenceMemory,
        stage: int,
        group: ProcessGroup | None = None,
    ) -> None:
        """memory: of the train pairs, from earlier stages; `data` needs no test split. group: each
        of its processes builds a task of its own."""
        self.model: MatchingModel = model
        self._group = group or ProcessGroup(data.splits["train"].device)
        self._group.broadcast_weights(model)
        if self._group.count > 1 and isinstance(model.compare, SAF):
            model.compare.reason.norm.sum_up = self._group.sum
        self.optimizer = torch.optim.AdamW(model.parameters(), lr=params.train.lr)
        epochs = params.train.stages[stage] + params.correction.warm_up
        title = f"{model.config.member}, stage {stage + 1}"
        self.plan = Plan(epochs, epochs, params.train.clip_norm, title)
        self._train, self._dev = data.splits["train"], data.splits["dev"]
        self.ids, self.rng = self._train.ids, np.random.default_rng(params.train.seed)
        self.steps = -(-len(self.ids) // params.train.batch_size)
        self._params, self._memory, self._stage, self._epoch = params, memory, stage, 0
        self._steps: list[tuple[Tensor, Tensor]] = []  # loss and mean label

    @property
    def state(self) -> dict[str, Tensor]:
        return {"memory": self._memory.values}

    def batches(self, epoch: int) -> list[Rows]:
        settings, self._epoch, self._steps = self._params.train, epoch - 1, []
        for group in self.optimizer.param_groups:
            group["lr"] = settings.lr * 0.1 ** (self._epoch // settings.decay_every)
        seed = _seed(self._params, self._stage, epoch)
        torch.manual_seed(seed)
        self.rng = np.random.default_rng(seed)
        places = self._train.reading.places(np.arange(len(self.ids)))
        return random_batches(len(self.ids), settings.batch_size, self.rng, places)

    def read(self, batches: Sequence[Rows]) -> Iterator[Pairs]:
        return self._train.stream(batches)

    def backward(self, rows: Rows, inputs: Pairs) -> Tensor:
        settings = self._params.loss
        regions, region_mask, words, mask = self._train.varied(inputs, self._params.train)
        # The similarities take the time, so processes share the captions, and encode all images.
        part, _ = self._group.part(len(rows))
        own = self.model(regions, region_mask, words[part], mask[part])  # (B, T)
        similarity = self._group.join(own, len(rows))  # (B, B)
        estimate = estimates(similarity, settings.temperature)
        places = on_device(torch.from_numpy(rows), similarity.device)
        labels = self._memory.refine(places, estimate, self._stage, self._epoch)
        loss = matching_loss(similarity, labels, settings)
        torch.autograd.backward(loss)
        self._group.sum_gradients(self.model.parameters())
        self._steps.append((loss.detach(), labels.mean()))
        return loss

    def figures(self) -> Figures:
        losses, labels = (torch.stack(values) for values in zip(*self._steps, strict=True))
        return {"train/loss": float(losses.mean()), "train/label": float(labels.mean())}

    def evaluate(self) -> Figures:
        metrics = retrieval_metrics(similarity_matrix([self.model], self._dev), self._dev.image)
        figures = {f"dev/{name}": value for name, value in metrics.items() if "rank" not in name}
        return self._group.broadcast(figures)


def train_members(
    data: MatchingData,
    params: MatchingParams,
    log: Log,
    checkpoints: Path | None = None,
    group: ProcessGroup | None = None,
) -> TrainedMembers:
    """Train each model that the parameters name, each with its own memory.

    Args:
        log: gets each model's epochs; with several models, figures carry the model's name.
        checkpoints: a folder for those of all models, from which an interrupted run resumes.
        group: the processes that share the training, each of which calls this.

    Raises:
        UserError: the loss or its gradient is not finite.
    """
    members: dict[str, Trained] = {}
    several = len(params.model.members) > 1
    for name in params.model.members:
        seed_everything(params.train.seed)

        def note(epoch: int, figures: Mapping[str, float], name: str = name) -> None:
            part = f"{name}/" if several else ""
            log(epoch, {f"{part}{figure}": value for figure, value in figures.items()})

        members[name] = train_member(name, data, params, note, checkpoints, group)
    return TrainedMembers(members, data.splits["train"].ids)


def train_member(
    name: Member,
    data: MatchingData,
    params: MatchingParams,
    log: Log,
    checkpoints: Path | None = None,
    group: ProcessGroup | None = None,
) -> Trained:
    """Train a model in stages: each starts with a new model and keeps only the memory.

    Args:
        data: only the train and dev splits are used.
        log: gets each epoch's number, from 1 on through all stages, and its figures.
        checkpoints: a folder for a checkpoint per stage, from which an interrupted run resumes.
        group: the processes that share the training, each of which calls this.

    Raises:
        UserError: the loss or its gradient is not finite.
    """
    device = data.splits["train"].device
    group = group or ProcessGroup(device)
    memory = CorrespondenceMemory(len(data.splits["train"].ids), params.correction, device)
    batching = data.splits["train"].reading.batching
    identity = f"{params.model_dump_json()} {data.digest} {batching} {device} {group.count}"
    before = 0

    def count_on(epoch: int, figures: Mapping[str, float]) -> None:
        log(before + epoch, figures)

    for stage in range(len(params.train.stages)):
        torch.manual_seed(_seed(params, stage, 0))
        model = new_model(name, data, params.model, params.text.width).to(device)
        task = MatchingTask(model, data, params, memory, stage, group)
        checkpoint = None
        if checkpoints:
            folder = checkpoints / f"{name}-{stage + 1}"
            checkpoint = process_checkpoint(folder, f"{identity} {task.plan.title}", group)
        best = fit(task, count_on, checkpoint, progress=group.is_first)
        before += task.plan.epochs
    return Trained(model, memory.values.cpu().numpy(), best.score)


def random_batches(
    pairs: int, size: int, rng: np.random.Generator, places: Rows | None = None
) -> list[Rows]:
    """All pairs once, in batches of about equal size, so that every pair has negatives.

    places: as for `shuffled`.
    """
    return np.array_split(shuffled(pairs, size, rng, places), -(-pairs // size))


def _seed(params: MatchingParams, stage: int, part: int) -> int:
    return int(np.random.SeedSequence([params.train.seed, stage, part]).generate_state(1)[0])
