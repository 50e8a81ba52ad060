"""A Faster R-CNN of torchvision on a batch of images, in a few hundred operations."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torchvision.models.detection import FasterRCNN

from pipeline.core.device import on_device
from pipeline.encoders.detectors.base import DetectedBatch, Selection
from pipeline.encoders.detectors.batched.boxes import decoded
from pipeline.encoders.detectors.batched.folding import fold_norms
from pipeline.encoders.detectors.batched.pooling import LaidSheet, Sheet
from pipeline.encoders.detectors.batched.proposals import Proposer
from pipeline.encoders.detectors.batched.selection import find_regions
from pipeline.encoders.detectors.canvas import DIVISOR, Size

Maps = dict[str, Tensor]

# Of this package and canvas.py; see `Encoder.revision`.
REVISION = 1

# Maps the grids (B N, C, S, S) of boxes and the boxes (B, N, 4) to fc7, (B N, D).
DescribeBoxes = Callable[[Tensor, Tensor], Tensor]
# The box head of a model, on the maps of a batch.
Describe = Callable[[FasterRCNN, Maps], DescribeBoxes]


class BatchedFasterRCNN:
    """The model with a trunk in bfloat16, and a second stage in bfloat16 or float32.

    The last layer of each head, which says where a box is and how sure it is, has a hundredth of
    the work and stays in float32, as do boxes.
    """

    def __init__(
        self,
        model: FasterRCNN,
        describe: Describe,
        heads: torch.dtype,
        trunk: torch.dtype = torch.bfloat16,
    ) -> None:
        """Change the model itself.

        describe: the box head; `describe_grids` is that of torchvision's models. heads: precision
        of the second stage.
        """
        self.arithmetic = {"batched": REVISION, "heads": str(heads).removeprefix("torch.")}
        fold_norms(model)
        model.backbone.to(trunk)
        model.rpn.head.conv.to(heads)
        model.roi_heads.box_head.to(heads)
        self._model, self._describe, self._trunk = model, describe, trunk
        self._propose = Proposer(model.rpn)
        self._sheet = Sheet(model.roi_heads.box_roi_pool)
        device = next(model.parameters()).device
        mean, std = model.transform.image_mean, model.transform.image_std
        self._mean = torch.tensor(mean, device=device).view(1, 3, 1, 1)
        self._std = torch.tensor(std, device=device).view(1, 3, 1, 1)

    def detect(
        self,
        pixels: Tensor,
        sizes: Sequence[Size],
        regions: int,
        nms_threshold: float,
        select: Selection,
    ) -> DetectedBatch:
        """The regions of canvases (B, 3, H, W) uint8; sizes: of the images, left above in them."""
        canvas = (pixels.shape[2], pixels.shape[3])
        inside = on_device(torch.tensor(sizes, dtype=torch.float32), pixels.device)  # B x 2
        images, needed = self._normalised(pixels), None
        if any(size != canvas for size in sizes):
            images = images * _within(inside, canvas)
            needed = (inside / DIVISOR).ceil() * DIVISOR  # of the canvas, if it were alone
        mixed = self._trunk != torch.float32
        with torch.autocast(pixels.device.type, torch.bfloat16, enabled=mixed):
            maps: Maps = self._model.backbone(images)
        proposals, real = self._propose(list(maps.values()), images, inside, needed)
        head = _Head(self._model, self._sheet.lay(maps, canvas), self._describe(self._model, maps))
        return find_regions(head, proposals, real, inside, regions, nms_threshold, select)

    def _normalised(self, pixels: Tensor) -> Tensor:
        """As `to_tensor` and the model's own transform normalise, but channels last."""
        values = pixels.to(torch.float32, memory_format=torch.channels_last) / 255
        return (values - self._mean) / self._std


class _Head:
    """torchvision's second stage as a `BatchHead`."""

    def __init__(self, model: FasterRCNN, sheet: LaidSheet, describe: DescribeBoxes) -> None:
        self._heads, self._sheet, self._describe = model.roi_heads, sheet, describe

    def features(self, boxes: Tensor) -> Tensor:
        fc7 = self._describe(self._sheet.grids(boxes), boxes)
        return fc7.float().view(*boxes.shape[:2], -1)

    def classify(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits, shifts = self._heads.box_predictor(features.flatten(0, 1))
        scores, classes = logits.softmax(1)[:, 1:].max(1)
        shape = features.shape[:2]
        return scores.view(shape), classes.view(shape) + 1, shifts.view(*shape, -1, 4)

    def refine(self, shifts: Tensor, classes: Tensor, boxes: Tensor) -> Tensor:
        index = classes[..., None, None].expand(-1, -1, 1, 4)
        return decoded(self._heads.box_coder, shifts.gather(2, index)[:, :, 0], boxes)


def describe_grids(model: FasterRCNN, maps: Maps) -> DescribeBoxes:
    """torchvision's box head, which reads the grids alone."""
    head = model.roi_heads.box_head
    precision = next(head.parameters()).dtype

    def describe(grids: Tensor, boxes: Tensor) -> Tensor:
        fc7: Tensor = head(grids.to(precision))
        return fc7

    return describe


def _within(sizes: Tensor, canvas: Size) -> Tensor:
    """Where the images are in their canvases, (B, 1, H, W) bool."""
    rows, columns = (torch.arange(side, device=sizes.device) for side in canvas)
    inside = (rows < sizes[:, :1])[:, :, None] & (columns < sizes[:, 1:])[:, None]
    return inside[:, None]
