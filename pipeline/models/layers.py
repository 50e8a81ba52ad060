"""Layers that several models share; padding and missing regions never affect their results."""

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from pipeline.core.device import on_device


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the valid entries of axis 1, (B, M, d) and (B, M) -> (B, d); zero if none is."""
    count = mask.sum(1, keepdim=True).clamp(min=1)  # (B, 1)
    return (values * mask.unsqueeze(-1)).sum(1) / count


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the valid entries of the last axis, zero elsewhere and where none is valid."""
    # With -inf, a row without valid entries would be NaN; with the least float it is uniform, and
    # the second fill sets it to zero.
    weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1)
    return weights.masked_fill(~mask, 0)


def drop_items(mask: Tensor, share: float) -> Tensor:
    """A mask (B, M) without a random fraction of its valid entries; one of each row stays."""
    kept = mask & (torch.rand(mask.shape, device=mask.device) >= share)
    return torch.where(kept.any(1, keepdim=True), kept, mask)


def select_items(values: Tensor, mask: Tensor, share: float) -> tuple[Tensor, Tensor]:
    """All but a random fraction of each row's places, missing items first: (B, M, D) and (B, M) ->
    (B, M', D) and (B, M').

    M' is the same for all rows, so that a dropped item costs no time; at least 1.
    """
    count = max(1, round(mask.shape[1] * (1 - share)))
    draws = torch.rand(mask.shape, device=mask.device).masked_fill(~mask, -1)
    places = draws.topk(count, dim=1).indices  # (B, M')
    wide = places.unsqueeze(-1).expand(-1, -1, values.shape[-1])
    return values.gather(1, wide), mask.gather(1, places)


def masked_statistics(values: Tensor, mask: Tensor) -> Tensor:
    """Mean, least, greatest, and standard deviation over the valid entries, (B, M) -> (B, 4).

    All are zero where none is valid.
    """
    mean = masked_mean(values.unsqueeze(-1), mask)  # (B, 1)
    some = mask.any(1, keepdim=True)  # (B, 1)
    limit = torch.finfo(values.dtype).max
    least = values.masked_fill(~mask, limit).amin(1, keepdim=True).where(some, 0)  # (B, 1)
    greatest = values.masked_fill(~mask, -limit).amax(1, keepdim=True).where(some, 0)  # (B, 1)
    variance = masked_mean((values - mean).square().unsqueeze(-1), mask)  # (B, 1)
    return torch.cat([mean, least, greatest, safe_sqrt(variance)], dim=1)


class PairNorm(nn.Module):
    """Batch normalisation of the pairs' vectors (B, M), or nothing; a batch of one pair, which has
    no deviation, is normalised as in evaluation."""

    def __init__(self, features: int, kind: Literal["none", "batch"]) -> None:
        super().__init__()
        self.batch = nn.BatchNorm1d(features) if kind == "batch" else None

    def forward(self, vectors: Tensor) -> Tensor:
        if self.batch is None:
            return vectors
        whole = self.training and len(vectors) > 1
        self.batch.train(whole)
        normed: Tensor = self.batch(vectors)
        return normed


def reconstruction_cosine(
    weights: Tensor, products: Tensor, squares: Tensor, gram: Tensor
) -> Tensor:
    """The cosine of each item with its reconstruction, a weighted sum of the other side's items.

    Computed from inner products that attention needs anyway, without the reconstructions: x_i and
    sum_j w_ij y_j have the inner product sum_j w_ij <x_i, y_j>, and the square of the sum is
    w_i (Y Y^T) w_i^T.

    weights, products (..., M, S): of the other side's items in the sum, and inner products with
    them. squares (..., M): of the items. gram (..., S, S): inner products among the other side's
    items. Returns (..., M); zero where an item or its reconstruction is zero.
    """
    products_sum = (weights * products).sum(-1)  # (B, M)
    rebuilt = ((weights @ gram) * weights).sum(-1)  # (B, M)
    return products_sum / (safe_sqrt(squares) * safe_sqrt(rebuilt))


def safe_sqrt(squares: Tensor) -> Tensor:
    """The square root, at least 1e-8, so that it can divide and has a finite gradient."""
    return squares.clamp(min=1e-16).sqrt()


def zero_classifier(features: int, classes: int) -> nn.Linear:
    """A linear layer that starts at zero and so predicts all classes equally.

    Random weights for each place of a text and an image would first have to be unlearned.
    """
    classifier = nn.Linear(features, classes)
    nn.init.zeros_(classifier.weight)
    nn.init.zeros_(classifier.bias)
    return classifier


def recurrent_states(
    rnn: nn.GRU | nn.LSTM, words: Tensor, mask: Tensor, lengths: Tensor | None = None
) -> Tensor:
    """The state after each word, (B, L, D) -> (B, L, directions * width); zero on padding.

    lengths: (B,) true values of the mask (B, L), on the host; without them, the device is waited
    for.
    """
    packed, back = _packed(words, mask, lengths)
    states, _ = rnn(packed)
    padded, _ = pad_packed_sequence(states, batch_first=True, total_length=words.shape[1])
    return padded.index_select(0, back)


def merge_directions(states: Tensor, merge: Literal["concat", "mean", "sum"]) -> Tensor:
    """Merge the states of both directions, (B, L, 2 d) -> (B, L, d); unchanged with concat."""
    if merge == "concat":
        return states
    forward, backward = states.chunk(2, dim=-1)
    return (forward + backward) / 2 if merge == "mean" else forward + backward


def last_state(
    rnn: nn.GRU | nn.LSTM, words: Tensor, mask: Tensor, lengths: Tensor | None = None
) -> Tensor:
    """A unidirectional network's hidden state after each text's last word, (B, L, D) -> (B, d).

    lengths: as for `recurrent_states`.
    """
    packed, back = _packed(words, mask, lengths)
    _, hidden = rnn(packed)
    last: Tensor = (hidden[0] if isinstance(hidden, tuple) else hidden)[-1]
    return last.index_select(0, back)


def _packed(words: Tensor, mask: Tensor, lengths: Tensor | None) -> tuple[PackedSequence, Tensor]:
    """The words, longest text first, and the places (B,) of the texts in that order.

    PyTorch's own sorting waits for the device, both ways.
    """
    if lengths is None:
        lengths = mask.sum(1).cpu()
    counts, order = lengths.sort(descending=True)
    by_length = words.index_select(0, on_device(order, words.device))
    packed = pack_padded_sequence(by_length, counts, batch_first=True)
    return packed, on_device(order.argsort(), words.device)
