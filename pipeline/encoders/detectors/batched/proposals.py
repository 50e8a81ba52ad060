"""The proposals of a region proposal network for a batch of images, the same number for each."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F
from torchvision.models.detection.image_list import ImageList
from torchvision.models.detection.rpn import RegionProposalNetwork

from pipeline.encoders.detectors.batched.boxes import clipped, decoded, rows_at
from pipeline.encoders.detectors.batched.suppression import keep_apart
from pipeline.encoders.detectors.canvas import Size

_NEVER = float("-inf")


class _Grid(NamedTuple):
    """What only shapes decide.

    anchors: of all levels, (S A, 4). firsts: the place of each level's first anchor, (L, 1).
    starts: where the cells of all levels begin, (S, 2), row and column. cells: the number of each
    level.
    """

    anchors: Tensor
    firsts: Tensor
    starts: Tensor
    cells: list[int]


class Proposer:
    """torchvision's region proposal network in evaluation mode, as `filter_proposals` applies it.

    Its hidden maps have the precision of its convolutions' weights, its outputs are float32. Cells
    that begin in a part of the canvas that the image alone would not need propose nothing.
    """

    def __init__(self, network: RegionProposalNetwork) -> None:
        self._network = network
        self._levels = len(network.anchor_generator.sizes)
        logits, shifts = network.head.cls_logits, network.head.bbox_pred
        # One convolution gives five numbers of each anchor: its score and its shifts.
        self._weight = _joined(logits.weight, shifts.weight)
        self._bias = _joined(logits.bias, shifts.bias)
        self._grids: dict[tuple[Size, ...], _Grid] = {}

    def __call__(
        self, maps: Sequence[Tensor], canvas: Tensor, sizes: Tensor, needed: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Proposals (B, N, 4), best first, and whether each is one, (B, N).

        maps: of each level and maybe more, (B, C, h, w). canvas: (B, 3, H, W). sizes: of the images
        in it, (B, 2). needed: the part that each needs of the canvas, (B, 2); None: all.
        """
        maps = maps[: self._levels]
        grid = self._grid(canvas, maps)
        beyond: Sequence[Tensor | None] = [None] * len(maps)
        if needed is not None:
            cells = (grid.starts >= needed[:, None]).any(-1)
            beyond = torch.split(cells, grid.cells, 1)  # B x (h w) each
        outputs = list(map(self._outputs, maps))
        best = [self._best(x[..., 0], cells) for x, cells in zip(outputs, beyond, strict=True)]
        widest = max(scores.shape[1] for scores, _ in best)
        scores = torch.stack([_padded(scores, widest, _NEVER) for scores, _ in best], 1)
        places = torch.stack([_padded(places, widest, 0) for _, places in best], 1) + grid.firsts
        places = places.flatten(1)  # B x (L K)
        shifts = rows_at(torch.cat([x.flatten(1, 2) for x in outputs], 1), places)[..., 1:]
        boxes = decoded(self._network.box_coder, shifts, grid.anchors[places])
        boxes = clipped(boxes, sizes).view(*scores.shape, 4)  # B x L x K x 4
        return self._apart(boxes, scores)

    def _outputs(self, maps: Tensor) -> Tensor:
        """The score and the shifts of each anchor of a level, B x (h w) x A x 5."""
        convolutions = self._network.head.conv
        hidden = convolutions(maps.to(next(convolutions.parameters()).dtype)).float()
        outputs = torch.unflatten(F.conv2d(hidden, self._weight, self._bias), 1, (-1, 5))
        return outputs.permute(0, 3, 4, 1, 2).flatten(1, 2)

    def _best(self, scores: Tensor, beyond: Tensor | None) -> tuple[Tensor, Tensor]:
        """The best anchors of a level: scores and places, (B, K).

        scores: (B, h w, A). beyond: the cells that propose nothing, (B, h w).
        """
        if beyond is not None:
            scores = scores.masked_fill(beyond[..., None], _NEVER)
        scores = scores.flatten(1)
        best, places = scores.topk(min(self._network.pre_nms_top_n(), scores.shape[1]), 1)
        return best, places

    def _apart(self, boxes: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
        """The best of boxes (B, L, K, 4) that overlap no better one of their level."""
        sides = boxes[..., 2:] - boxes[..., :2]
        real = (sides >= self._network.min_size).all(-1) & (scores > _NEVER)
        kept = keep_apart(boxes.flatten(0, 1), real.flatten(0, 1), self._network.nms_thresh)
        scores = scores.masked_fill(~kept.view_as(real), _NEVER).flatten(1)
        best, places = scores.topk(min(self._network.post_nms_top_n(), scores.shape[1]), 1)
        return rows_at(boxes.flatten(1, 2), places), best > _NEVER

    def _grid(self, canvas: Tensor, maps: Sequence[Tensor]) -> _Grid:
        size = (canvas.shape[2], canvas.shape[3])
        shapes = [(x.shape[2], x.shape[3]) for x in maps]
        key = (size, *shapes)
        if key not in self._grids:
            generator = self._network.anchor_generator
            one = ImageList(canvas[:1], [size])
            (anchors,) = generator(one, list(maps))
            cells = [height * width for height, width in shapes]
            per_cell = generator.num_anchors_per_location()
            counts = [n * each for n, each in zip(cells, per_cell, strict=True)]
            firsts = torch.tensor([sum(counts[:level]) for level in range(len(counts))])
            starts = torch.cat([_starts(shape, size) for shape in shapes])
            self._grids[key] = _Grid(
                anchors, firsts[:, None].to(canvas.device), starts.to(canvas.device), cells
            )
        return self._grids[key]


def _joined(logits: Tensor, shifts: Tensor) -> Tensor:
    """Parameters of A and of 4 A channels as those of 5 A, anchor by anchor."""
    return torch.cat([logits[:, None], torch.unflatten(shifts, 0, (-1, 4))], 1).flatten(0, 1)


def _starts(shape: Size, canvas: Size) -> Tensor:
    """Where the cells of a map begin, (h w, 2), with the strides of torchvision's anchors."""
    rows, columns = (torch.arange(n) * (side // n) for n, side in zip(shape, canvas, strict=True))
    return torch.cartesian_prod(rows, columns)


def _padded(rows: Tensor, length: int, value: float) -> Tensor:
    """(B, K) filled up to a length."""
    rest = length - rows.shape[1]
    return F.pad(rows, (0, rest), value=value) if rest else rows
