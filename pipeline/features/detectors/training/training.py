"""The training loop: AdamW with a cosine rate, averaged weights, resumable from a checkpoint."""

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.optim import AdamW
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm import tqdm

from pipeline.errors import UserError
from pipeline.features.detectors.lite import FasterRCNNLite
from pipeline.features.detectors.training.checkpoint import load_checkpoint, save_checkpoint
from pipeline.features.detectors.training.dataset import (
    LabelledPhotos,
    Target,
    training_batches,
)
from pipeline.features.detectors.training.losses import detection_losses
from pipeline.features.detectors.training.params import TrainParams
from pipeline.features.efficientnet_lite import load_imagenet_trunk

_FROZEN_STAGES = 2  # edges and textures up to stride 4 are the same in every photo
_AVERAGE_DECAY = 0.998
_CLIP_NORM = 10.0


def train(
    photos: LabelledPhotos, classes: tuple[str, ...], params: TrainParams, checkpoint: Path
) -> FasterRCNNLite:
    """Teach a new detector, or go on from `checkpoint`; returns the averaged weights."""
    torch.manual_seed(params.seed)
    model = _new_student(classes)
    average = AveragedModel(model, multi_avg_fn=get_ema_multi_avg_fn(_AVERAGE_DECAY))  # type: ignore[no-untyped-call]
    optimizer = _optimizer(model, params)
    first = 0
    if checkpoint.exists():
        first = _resume(load_checkpoint(checkpoint, model, average, optimizer), params, checkpoint)
    steps = range(first, params.steps)
    batches = training_batches(photos, params, first)
    bar = tqdm(batches, desc="train", initial=first, total=params.steps, mininterval=10)
    for step, (images, targets) in zip(steps, bar, strict=True):
        _set_rate(optimizer, params, step)
        torch.manual_seed(params.seed + step)  # the samplers of RPN and box head draw at random
        losses = _update(model, optimizer, images, targets, step)
        average.update_parameters(model)
        if step % 50 == 0:
            bar.set_postfix({name.removeprefix("loss_"): f"{x:.3f}" for name, x in losses.items()})
        if (step + 1) % params.checkpoint_every == 0 or step + 1 == params.steps:
            metadata = {"step": str(step + 1), "params": params.model_dump_json()}
            save_checkpoint(checkpoint, model, average, optimizer, metadata)
    assert isinstance(average.module, FasterRCNNLite)
    return average.module


def _resume(metadata: dict[str, str], params: TrainParams, checkpoint: Path) -> int:
    if metadata["params"] != params.model_dump_json():
        raise UserError(f"{checkpoint} belongs to other parameters than [train]; delete it")
    return int(metadata["step"])


def _new_student(classes: tuple[str, ...]) -> FasterRCNNLite:
    model = FasterRCNNLite(classes)
    trunk = load_imagenet_trunk()
    model.backbone.trunk.load_state_dict(trunk.state_dict())
    model.backbone.trunk.stem.requires_grad_(False)
    model.backbone.trunk.stages[:_FROZEN_STAGES].requires_grad_(False)
    model.train()
    return model


def _optimizer(model: FasterRCNNLite, params: TrainParams) -> AdamW:
    groups: dict[float, list[Tensor]] = {params.trunk_rate: [], params.head_rate: []}
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            of_trunk = name.startswith("backbone.trunk.")
            groups[params.trunk_rate if of_trunk else params.head_rate].append(parameter)
    return AdamW(
        [{"params": p, "lr": rate, "peak": rate} for rate, p in groups.items()],
        weight_decay=params.weight_decay,
    )


def _set_rate(optimizer: AdamW, params: TrainParams, step: int) -> None:
    """A linear rise, then half a cosine down to zero."""
    rise = min(1.0, (step + 1) / params.warmup_steps)
    fall = 0.5 * (1 + math.cos(math.pi * step / params.steps))
    for group in optimizer.param_groups:
        group["lr"] = group["peak"] * rise * fall


def _update(
    model: FasterRCNNLite, optimizer: AdamW, images: Tensor, targets: list[Target], step: int
) -> dict[str, float]:
    with torch.autocast(images.device.type, dtype=torch.bfloat16):
        losses = detection_losses(model, images, targets)
    total = torch.stack(list(losses.values())).sum()
    if not torch.isfinite(total):
        raise FloatingPointError(f"step {step}: the loss is not finite: {losses}; lower the rates")
    optimizer.zero_grad(set_to_none=True)
    total.backward()  # type: ignore[no-untyped-call]
    torch.nn.utils.clip_grad_norm_(model.parameters(), _CLIP_NORM)
    optimizer.step()
    return {name: float(loss.detach()) for name, loss in losses.items()}
