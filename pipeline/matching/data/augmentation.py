"""Random masking and dropping of words and regions in train pairs, as in CRCL."""

import torch
from torch import Tensor

from pipeline.core.device import on_device
from pipeline.models.layers import drop_items
from pipeline.params.matching import TrainParams

# What published code puts in place of a dropped region.
_FILLED = 1e-10
# Of the chosen words, these fractions are masked and replaced; the others are dropped.
_HIDDEN, _REPLACED = 0.5, 0.1


def vary_regions(regions: Tensor, mask: Tensor, params: TrainParams) -> tuple[Tensor, Tensor]:
    """Drop a fraction of the regions (B, K, D_r), and of the mask (B, K), which is on the host; one
    of each image stays.

    Dropped ones are masked, or filled with next to nothing and not masked.
    """
    kept = drop_items(mask, params.drop_regions)
    if params.dropped_regions == "masked":
        return regions, kept
    here = on_device(kept, regions.device)
    return torch.where(here.unsqueeze(-1), regions, _FILLED), mask


def vary_words(
    words: Tensor, mask: Tensor, share: float, hidden: Tensor, vocabulary: int
) -> tuple[Tensor, Tensor]:
    """Choose a fraction of the words: mask half of them, replace a tenth, drop the rest.

    Args:
        words: (B, L) numbers on the host, or (B, L, D) vectors on any device, which are masked
            rather than replaced.
        mask: (B, L), on the host, so that no device must tell which words are left.
        hidden: () number, or (D,) vector, of a masked word.

    Returns words and mask of the same shapes; at least one word of each text stays.
    """
    draw = torch.rand(mask.shape) / max(share, 1e-9)  # below 1: chosen
    hide = (draw < _HIDDEN) & mask
    replace = (draw >= _HIDDEN) & (draw < _HIDDEN + _REPLACED) & mask
    leave_out = (draw >= _HIDDEN + _REPLACED) & (draw < 1)
    if words.dim() == 2:
        words = torch.where(hide, hidden, words)
        words = torch.where(replace, torch.randint_like(words, vocabulary), words)
    else:
        chosen = on_device(hide | replace, words.device)
        words = torch.where(chosen.unsqueeze(-1), hidden, words)
    return _without(words, mask, leave_out)


def _without(words: Tensor, mask: Tensor, gone: Tensor) -> tuple[Tensor, Tensor]:
    """Texts without the words in `gone`; the others move up."""
    kept = mask & ~gone
    kept[:, 0] |= ~kept.any(1)
    order = (~kept).int().argsort(dim=1, stable=True)  # (B, L)
    place = torch.arange(mask.shape[1])
    still = place < kept.sum(1, keepdim=True)  # (B, L)
    index, there = (on_device(part, words.device) for part in (order, still))
    if words.dim() == 3:
        index, there = index.unsqueeze(-1).expand_as(words), there.unsqueeze(-1)
    return words.gather(1, index) * there, still
