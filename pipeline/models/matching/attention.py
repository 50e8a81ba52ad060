"""Attention of words over regions, for all I x T pairs of images and texts of a batch."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from pipeline.core.device import on_device
from pipeline.models.layers import masked_softmax
from pipeline.models.matching.encoding import Encoded

# Floats per layer of a block of pairs: enough to keep the cores busy, and few enough for a CPU's
# cache or a small part of a GPU's memory.
FLOATS_PER_BLOCK = {"cpu": 2**20, "cuda": 2**27}

# Floats of a layer of all pairs, of which a model keeps up to 15 for the backward pass; above it,
# blocks are recomputed.
FLOATS_KEPT = {"cpu": 2**26, "cuda": 2**30}

Compare = Callable[[Encoded, Encoded], Tensor]


def word_contexts(images: Encoded, texts: Encoded, smooth: float) -> Tensor:
    """Each word's attention-weighted regions in each image, (I, T, L, d): SCAN, Eq. 2 to 4.

    A region's scores are first scaled to unit length over the words of a text, then each word's go
    through a softmax over the regions. Padding gets zeros.
    """
    v, e = images.members, texts.members  # (I, K, d), (T, L, d)
    shape = len(v), *e.shape[:2], v.shape[1]  # I, T, L, K
    scores = (e.flatten(0, 1) @ v.transpose(1, 2)).view(shape)
    scores = F.normalize(F.leaky_relu(scores, 0.1), dim=2)
    weights = masked_softmax(smooth * scores, images.mask[:, None, None, :])  # (I, T, L, K)
    contexts = (weights.flatten(1, 2) @ v).view(*shape[:3], -1)  # (I, T, L, d)
    masked: Tensor = contexts * texts.mask[:, :, None]
    return masked


def in_blocks(compare: Compare, images: Encoded, texts: Encoded) -> Tensor:
    """The similarity (I, T) that `compare` gives, computed in blocks of texts of similar length.

    Each block is padded to its own longest text. If gradients are needed and the layers of all
    pairs exceed the memory limit, blocks are checkpointed: recomputed in the backward pass, which
    takes a quarter longer.
    """
    lengths = texts.host.sum(1)  # (T,)
    order = lengths.argsort(stable=True)
    recompute = torch.is_grad_enabled() and _is_large(images, int(lengths.sum()))
    found = []
    for rows in _blocks(lengths[order].tolist(), images.members):
        block = _trimmed(texts[order[rows]])
        if recompute:
            found.append(checkpoint(compare, images, block, use_reentrant=False))
        else:
            found.append(compare(images, block))
    return torch.cat(found, dim=1)[:, on_device(order.argsort(), images.members.device)]


def _is_large(images: Encoded, words: int) -> bool:
    per_layer = len(images.mask) * words * images.members.shape[2]
    return per_layer > FLOATS_KEPT[_device_type(images.members)]


def _trimmed(texts: Encoded) -> Encoded:
    """Without the padding beyond the longest text."""
    longest = max(int(texts.host.sum(1).max()), 1)
    masks = texts.mask[:, :longest], texts.host[:, :longest]
    return Encoded(*masks, texts.whole, texts.members[:, :longest])


def _blocks(lengths: list[int], regions: Tensor) -> list[slice]:
    """Slices of consecutive texts, as many as fit into a block; at least one."""
    per_word = regions.shape[0] * regions.shape[2]
    limit = FLOATS_PER_BLOCK[_device_type(regions)] // per_word
    blocks, start = [], 0
    for end in range(1, len(lengths) + 1):
        full = end == len(lengths) or (end + 1 - start) * lengths[end] > limit
        if full:
            blocks.append(slice(start, end))
            start = end
    return blocks


def _device_type(values: Tensor) -> str:
    return "cuda" if values.is_cuda else "cpu"
