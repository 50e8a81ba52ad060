"""Boxes of a batch of images, with as many rows for each: (B, N, 4)."""

import torch
from torch import Tensor
from torchvision.models.detection._utils import BoxCoder


def decoded(coder: BoxCoder, shifts: Tensor, boxes: Tensor) -> Tensor:
    """Boxes (..., 4) moved by the shifts (..., 4) of a head, as `BoxCoder.decode_single` does.

    The weights of x and y are the same, as are those of width and height.
    """
    place, _, scale, _ = coder.weights
    sides = boxes[..., 2:] - boxes[..., :2]
    middles = boxes[..., :2] + 0.5 * sides + shifts[..., :2] / place * sides
    halves = (shifts[..., 2:] / scale).clamp(max=coder.bbox_xform_clip).exp() * sides * 0.5
    return torch.cat([middles - halves, middles + halves], -1)


def clipped(boxes: Tensor, sizes: Tensor) -> Tensor:
    """Boxes (B, ..., 4) within images of sizes (B, 2), height and width."""
    limits = sizes.flip(1).repeat(1, 2)  # B x 4
    return boxes.clamp(min=0).minimum(limits.view(-1, *[1] * (boxes.dim() - 2), 4))


def rows_at(values: Tensor, places: Tensor) -> Tensor:
    """Of values (B, N) or (B, N, D), the rows that places (B, K) name."""
    if values.dim() == 2:
        return values.gather(1, places)
    return values.gather(1, places[..., None].expand(-1, -1, values.shape[2]))
