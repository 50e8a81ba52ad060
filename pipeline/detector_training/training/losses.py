"""Losses of boxes and classes, weighted by the teacher's confidence."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.detection.image_list import ImageList

from pipeline.detector_training.dataset import Target, trust
from pipeline.encoders.detectors.lite import IMAGE_DIM, REGION_DIM, FasterRCNNLite


@dataclass(frozen=True)
class Regions:
    """The box head's inputs and fc7 for the sampled proposals.

    own_means (N, 432), image_means (N, 1600): see `RegionPooler`. fc7: (N, 1024), before any
    non-linearity.
    """

    own_means: Tensor
    image_means: Tensor
    fc7: Tensor


def detection_losses(
    model: FasterRCNNLite, images: Tensor, targets: list[Target]
) -> tuple[dict[str, Tensor], Regions]:
    """The four losses of Faster R-CNN (Ren et al. 2015) and that of fc7's class channels.

    images: (B, 3, H, W) in 0..1. targets: one per image; the boxes' `scores` weight the proposals
    matched to them, so that a doubtful box is neither object nor background.
    """
    sizes = [(images.shape[2], images.shape[3])] * len(images)
    maps = model.backbone(images)
    proposals, losses = model.rpn(ImageList(images, sizes), maps, targets)
    heads = model.roi_heads
    proposals, matched, labels, shifts = heads.select_training_samples(proposals, targets)
    scores = [t["scores"][m] for t, m in zip(targets, matched, strict=True)]
    pooled = heads.box_roi_pool(maps, proposals, sizes)  # N x (6272 + 432 + 1600)
    head, label, score = heads.box_head, torch.cat(labels), torch.cat(scores)
    fc7 = head.linear(pooled)  # N x 1024
    logits, shift = heads.box_predictor.predict(head.activated(fc7))
    class_loss, box_loss = box_head_losses(
        logits.float(), shift.float(), label, torch.cat(shifts), score
    )
    losses |= {"loss_classifier": class_loss, "loss_box_reg": box_loss}
    losses["loss_class_channels"] = class_channel_loss(
        fc7[:, head.channels.classes].float(), label, score
    )
    own_means, image_means = pooled[:, -REGION_DIM - IMAGE_DIM :].split((REGION_DIM, IMAGE_DIM), 1)
    return losses, Regions(own_means, image_means, fc7)


def box_head_losses(
    logits: Tensor, shifts: Tensor, labels: Tensor, true_shifts: Tensor, scores: Tensor
) -> tuple[Tensor, Tensor]:
    """Classification and box regression loss of N proposals.

    logits: (N, C). shifts, true_shifts: (N, 4). labels: (N,), 0 where the proposal is background.
    scores: (N,), the teacher's for the matched box.
    """
    is_object, trusted, weights = _weights(labels, scores)
    class_loss = (F.cross_entropy(logits, labels, reduction="none") * weights).sum()
    errors = F.smooth_l1_loss(shifts, true_shifts, beta=1 / 9, reduction="none").sum(1)
    box_loss = (errors * trusted)[is_object].sum()
    return class_loss / weights.sum(), box_loss / len(labels)


def class_channel_loss(logits: Tensor, labels: Tensor, scores: Tensor) -> Tensor:
    """One-vs-rest cross-entropy of the proposals' classes.

    logits: (N, C - 1), of the classes without the background. labels, scores: as above.
    """
    weights = _weights(labels, scores)[2]
    shown = F.one_hot(labels, logits.shape[1] + 1)[:, 1:].to(logits)  # N x (C - 1)
    errors = F.binary_cross_entropy_with_logits(logits, shown, reduction="none").sum(1)  # N
    return (errors * weights).sum() / weights.sum()


def _weights(labels: Tensor, scores: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Object mask, the teacher's confidence and the weight of each proposal: (N,) each."""
    is_object, trusted = labels > 0, trust(scores)
    return is_object, trusted, torch.where(is_object, trusted, torch.ones_like(trusted))
