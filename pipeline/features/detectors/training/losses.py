"""What one training step minimises."""

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.detection.image_list import ImageList

from pipeline.features.detectors.lite import FasterRCNNLite
from pipeline.features.detectors.training.dataset import SURE, Target
from pipeline.features.detectors.training.distillation import Distillation

_DOUBTFUL = 0.2  # a teacher's box below this score teaches no class


def detection_losses(
    model: FasterRCNNLite, distillation: Distillation, images: Tensor, targets: list[Target]
) -> dict[str, Tensor]:
    """The four losses of Faster R-CNN (Ren et al. 2015), weighted by the teacher's confidence, and
    that of the distillation on the same proposals.

    images: (B, 3, H, W) in 0..1. targets: one per image; the boxes' `scores` weigh what the box
    head learns from the proposals on them, so that a doubtful box is neither object nor background.
    """
    sizes = [(images.shape[2], images.shape[3])] * len(images)
    with torch.no_grad():  # the trunk stays ImageNet's
        maps = model.backbone.trunk(images)
    levels = model.backbone.levels(maps)
    proposals, losses = model.rpn(ImageList(images, sizes), levels, targets)
    heads = model.roi_heads
    proposals, matched, labels, shifts = heads.select_training_samples(proposals, targets)
    scores = [t["scores"][m] for t, m in zip(targets, matched, strict=True)]
    fc7 = heads.box_head(heads.box_roi_pool(levels, proposals, sizes))  # N x 1024
    logits, shift = heads.box_predictor.predict(fc7)
    class_loss, box_loss = box_head_losses(
        logits.float(),
        shift.float(),
        torch.cat(labels),
        torch.cat(shifts),
        torch.cat(scores),
    )
    return {
        **losses,
        "loss_classifier": class_loss,
        "loss_box_reg": box_loss,
        "loss_distillation": distillation(fc7, maps, proposals),
    }


def box_head_losses(
    logits: Tensor, shifts: Tensor, labels: Tensor, true_shifts: Tensor, scores: Tensor
) -> tuple[Tensor, Tensor]:
    """The loss of the classes and the loss of the boxes of N proposals.

    logits: (N, C). shifts, true_shifts: (N, 4). labels: (N,), 0 where the proposal is background.
    scores: (N,), the teacher's for the box that a proposal lies on.
    """
    is_object = labels > 0
    trust = ((scores - _DOUBTFUL) / (SURE - _DOUBTFUL)).clamp(0.0, 1.0)
    weights = torch.where(is_object, trust, torch.ones_like(trust))
    class_loss = (F.cross_entropy(logits, labels, reduction="none") * weights).sum()
    errors = F.smooth_l1_loss(shifts, true_shifts, beta=1 / 9, reduction="none").sum(1)
    box_loss = (errors * trust)[is_object].sum()
    return class_loss / weights.sum(), box_loss / len(labels)
