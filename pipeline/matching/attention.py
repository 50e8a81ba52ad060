"""Every text's words attend to every picture's regions, for all I x T pairs of a batch at once."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from pipeline.matching.encoders import Encoded
from pipeline.models.layers import masked_softmax

# What one block of pairs may hold per layer: enough to keep the cores busy, and small enough to
# stay in a CPU's cache, or in a small part of a GPU's memory.
_FLOATS_PER_BLOCK = {"cpu": 2**20, "cuda": 2**27}

# What a layer of all pairs may hold if it is kept for the way back. A model keeps up to 15 layers.
_FLOATS_KEPT = {"cpu": 2**26, "cuda": 2**30}

Compare = Callable[[Encoded, Encoded], Tensor]


def word_contexts(images: Encoded, texts: Encoded, smooth: float) -> Tensor:
    """What each word sees in each picture, (I, T, L, d): Eq. 2 to 4 of SCAN (arXiv 1803.08024).

    A region's scores are first scaled to unit length over the words of the text that ask for it,
    then each word's go through a softmax over the regions. Absent words see zeros.
    """
    v, e = images.members, texts.members  # (I, K, d), (T, L, d)
    shape = len(v), *e.shape[:2], v.shape[1]  # I, T, L, K
    scores = (e.flatten(0, 1) @ v.transpose(1, 2)).view(shape)
    scores = F.normalize(F.leaky_relu(scores, 0.1), dim=2)
    weights = masked_softmax(smooth * scores, images.mask[:, None, None, :])  # (I, T, L, K)
    contexts = (weights.flatten(1, 2) @ v).view(*shape[:3], -1)  # (I, T, L, d)
    seen: Tensor = contexts * texts.mask[:, :, None]
    return seen


def in_blocks(compare: Compare, images: Encoded, texts: Encoded) -> Tensor:
    """The similarity (I, T) that `compare` gives, worked out for a few texts of like length a time.

    No block is padded beyond its own longest text. Where gradients are wanted and the layers of all
    pairs would fill the memory, a block keeps only its result and is worked out again on the way
    back, which takes a quarter longer.
    """
    lengths = texts.mask.sum(1)  # (T,)
    order = lengths.argsort(stable=True)
    per_layer = len(images.mask) * int(lengths.sum()) * images.members.shape[2]
    again = torch.is_grad_enabled() and per_layer > _FLOATS_KEPT[_place(images.members)]
    found = []
    for rows in _blocks(lengths[order].tolist(), images.members):
        block = texts[order[rows]]
        longest = max(int(block.mask.sum(1).max()), 1)
        block = Encoded(block.mask[:, :longest], block.whole, block.members[:, :longest])
        if again:
            found.append(checkpoint(compare, images, block, use_reentrant=False))
        else:
            found.append(compare(images, block))
    return torch.cat(found, dim=1)[:, order.argsort()]


def _blocks(lengths: list[int], regions: Tensor) -> list[slice]:
    """Consecutive texts, as many as fit into a block; at least one."""
    per_word = regions.shape[0] * regions.shape[2]
    most = _FLOATS_PER_BLOCK[_place(regions)] // per_word
    blocks, start = [], 0
    for end in range(1, len(lengths) + 1):
        full = end == len(lengths) or (end + 1 - start) * lengths[end] > most
        if full:
            blocks.append(slice(start, end))
            start = end
    return blocks


def _place(values: Tensor) -> str:
    return "cuda" if values.is_cuda else "cpu"
