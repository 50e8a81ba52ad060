"""The training loop: AdamW with a cosine schedule, averaged weights, resumable.

Unlike `pipeline.training.loop` it has neither epochs nor early stopping: it counts steps and keeps
the weights' moving average.
"""

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import AdamW
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from pipeline.detector_training.dataset import (
    INPUT_SIDES,
    LabelledImages,
    Target,
    fit_presence,
    present_classes,
    training_batches,
)
from pipeline.detector_training.training.checkpoint import load_checkpoint, save_checkpoint
from pipeline.detector_training.training.distillation import Distillation
from pipeline.detector_training.training.losses import detection_losses
from pipeline.encoders.detectors.lite import LAST_DIM, FasterRCNNLite
from pipeline.encoders.trunks.efficientnet_lite import load_imagenet_head, load_imagenet_trunk
from pipeline.errors import UserError
from pipeline.params.detector import TrainParams

_MEASURED_IMAGES = 64
_BATCH = 32  # of whole images, without gradients
_AVERAGE_DECAY = 0.998
_CLIP_NORM = 10.0


class Student(nn.Module):
    """The detector and the distillation loss, which only training needs."""

    def __init__(self, classes: tuple[str, ...], params: TrainParams) -> None:
        super().__init__()
        self._weight = params.distillation
        self.detector = FasterRCNNLite(classes)
        backbone = self.detector.backbone
        backbone.trunk.load_state_dict(load_imagenet_trunk().state_dict())
        backbone.imagenet.load_state_dict(load_imagenet_head().state_dict())
        backbone.trunk.requires_grad_(False)
        backbone.imagenet.requires_grad_(False)
        self.distillation = Distillation(len(classes) - 1)

    def forward(self, images: Tensor, targets: list[Target]) -> dict[str, Tensor]:
        """The losses by name; training minimises their sum."""
        losses, regions = detection_losses(self.detector, images, targets)
        return losses | {"loss_distillation": self._weight * self.distillation(regions)}


def train(
    dataset: LabelledImages,
    classes: tuple[str, ...],
    params: TrainParams,
    checkpoint: Path,
    sides: tuple[int, ...] = INPUT_SIDES,
) -> FasterRCNNLite:
    """Train a new detector, or resume from `checkpoint`; returns the averaged weights.

    Raises:
        UserError: too few images to learn from, a checkpoint of other parameters, or a full disk.
        FloatingPointError: the loss is not finite.
    """
    torch.manual_seed(params.seed)
    student = _new_student(dataset, classes, params, is_fresh=not checkpoint.exists())
    average = AveragedModel(student, multi_avg_fn=get_ema_multi_avg_fn(_AVERAGE_DECAY))  # type: ignore[no-untyped-call]
    optimizer = _optimizer(student, params)
    first = 0
    if checkpoint.exists():
        metadata = load_checkpoint(checkpoint, student, average, optimizer)
        first = _next_step(metadata, params, checkpoint)
    batches = training_batches(dataset, params, first, sides)
    bar = tqdm(batches, desc="train", initial=first, total=params.steps, mininterval=10)
    for step, (images, targets) in zip(range(first, params.steps), bar, strict=True):
        _set_rate(optimizer, params, step)
        torch.manual_seed(params.seed + step)  # the samplers of RPN and box head draw at random
        losses = _update(student, optimizer, images, targets, step)
        average.update_parameters(student)
        if step % 50 == 0:
            bar.set_postfix({name.removeprefix("loss_"): f"{x:.3f}" for name, x in losses.items()})
        if (step + 1) % params.checkpoint_every == 0 or step + 1 == params.steps:
            metadata = {"step": str(step + 1), "params": params.model_dump_json()}
            save_checkpoint(checkpoint, student, average, optimizer, metadata)
    assert isinstance(average.module, Student)
    return average.module.detector


def _new_student(
    dataset: LabelledImages, classes: tuple[str, ...], params: TrainParams, is_fresh: bool
) -> Student:
    student = Student(classes, params).train()
    if is_fresh:  # a checkpoint has what is fitted here
        _fit_pooler(student, dataset, params)
        _fit_distillation(student, dataset, params)
    return student


def _optimizer(student: Student, params: TrainParams) -> AdamW:
    learned = [parameter for parameter in student.parameters() if parameter.requires_grad]
    return AdamW(learned, lr=params.rate, weight_decay=params.weight_decay)


def _next_step(metadata: dict[str, str], params: TrainParams, checkpoint: Path) -> int:
    if metadata["params"] != params.model_dump_json():
        raise UserError(f"{checkpoint} belongs to other parameters than [train]; delete it")
    return int(metadata["step"])


@torch.no_grad()
def _fit_pooler(student: Student, dataset: LabelledImages, params: TrainParams) -> None:
    rows = np.random.default_rng(params.seed).permutation(dataset.rows("train"))
    images = dataset.images(np.sort(rows[:_MEASURED_IMAGES]))
    detector = student.detector
    detector.roi_heads.box_roi_pool.measure(detector.backbone.pooled_maps(images))


def _fit_distillation(student: Student, dataset: LabelledImages, params: TrainParams) -> None:
    detector, rows = student.detector, dataset.rows("train")
    means = whole_image_means(detector, dataset, rows)
    targets = dataset.targets(params.min_score)
    present = present_classes([targets[row] for row in rows], len(detector.classes))
    presence = fit_presence(means[:, LAST_DIM:], present, params.presence_penalty)
    student.distillation.teach_images(presence, means)
    student.distillation.start(detector.roi_heads.box_head.fc7)


@torch.no_grad()
def whole_image_means(
    detector: FasterRCNNLite, dataset: LabelledImages, rows: NDArray[np.int64]
) -> Tensor:
    """The images' means over the last two layers, (N, 1600), as `RegionPooler` scales them."""
    backbone, pooler = detector.backbone, detector.roi_heads.box_roi_pool
    firsts = tqdm(range(0, len(rows), _BATCH), desc="whole images", mininterval=10)
    batches = (dataset.images(rows[first : first + _BATCH]) for first in firsts)
    return torch.cat([pooler.image_means(backbone.pooled_maps(images)) for images in batches])


def _set_rate(optimizer: AdamW, params: TrainParams, step: int) -> None:
    """Linear warm-up, then cosine decay to zero."""
    rise = min(1.0, (step + 1) / params.warmup_steps)
    fall = 0.5 * (1 + math.cos(math.pi * step / params.steps))
    for group in optimizer.param_groups:
        group["lr"] = params.rate * rise * fall


def _update(
    student: Student, optimizer: AdamW, images: Tensor, targets: list[Target], step: int
) -> dict[str, float]:
    with torch.autocast(images.device.type, dtype=torch.bfloat16):
        losses: dict[str, Tensor] = student(images, targets)
    total = torch.stack(list(losses.values())).sum()
    if not torch.isfinite(total):
        raise FloatingPointError(f"step {step}: the loss is not finite: {losses}; lower the rates")
    optimizer.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(student.parameters(), _CLIP_NORM)
    optimizer.step()
    return {name: float(loss.detach()) for name, loss in losses.items()}
