"""Steps that several models share; all leave padding and missing regions without influence."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence


def masked_mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the valid entries of axis 1, (B, M, d) and (B, M) -> (B, d); zero if none is."""
    count = mask.sum(1, keepdim=True).clamp(min=1)  # (B, 1)
    return (values * mask.unsqueeze(-1)).sum(1) / count


def masked_softmax(scores: Tensor, mask: Tensor) -> Tensor:
    """Softmax over the valid entries of the last axis, zero elsewhere and where none is valid."""
    # A row without any valid entry would be NaN with -inf; with the least float it is uniform
    # and the second fill empties it.
    weights = scores.masked_fill(~mask, torch.finfo(scores.dtype).min).softmax(-1)
    return weights.masked_fill(~mask, 0)


def reconstruction_cosine(
    weights: Tensor, products: Tensor, squares: Tensor, gram: Tensor
) -> Tensor:
    """The cosine of each item with its reconstruction, a weighted sum of the other side's items.

    It needs neither the items nor the reconstructions, only products that attention has anyway:
    x_i with sum_j w_ij y_j has the inner product sum_j w_ij <x_i, y_j>, and the square of the sum
    is w_i (Y Y^T) w_i^T.

    weights, products (B, M, S): of the other side's items in the sum, and the inner products with
    them. squares (B, M): of the items. gram (B, S, S): the other side's products with itself.
    Returns (B, M); zero where an item or its reconstruction is zero.
    """
    together = (weights * products).sum(-1)  # (B, M)
    rebuilt = ((weights @ gram) * weights).sum(-1)  # (B, M)
    return together / (length(squares) * length(rebuilt))


def length(squares: Tensor) -> Tensor:
    """The root of sums of squares; no less than 1e-8, so that it can divide and has a gradient."""
    return squares.clamp(min=1e-16).sqrt()


def undecided_classifier(features: int, classes: int) -> nn.Linear:
    """A linear layer that starts at zero and so gives every class the same chance.

    One that reads a feature for every place of a text and a picture would start by telling these
    places apart at random, and training would have to take that back first.
    """
    classifier = nn.Linear(features, classes)
    nn.init.zeros_(classifier.weight)
    nn.init.zeros_(classifier.bias)
    return classifier


def recurrent_states(rnn: nn.GRU | nn.LSTM, words: Tensor, mask: Tensor) -> Tensor:
    """The state after each word, (B, L, D) -> (B, L, directions * width); zero on padding."""
    states, _ = rnn(_packed(words, mask))
    padded, _ = pad_packed_sequence(states, batch_first=True, total_length=words.shape[1])
    return padded


def last_state(lstm: nn.LSTM, words: Tensor, mask: Tensor) -> Tensor:
    """The hidden state of a one-way LSTM after each text's own last word, (B, L, D) -> (B, d)."""
    _, (hidden, _) = lstm(_packed(words, mask))  # (1, B, d)
    last: Tensor = hidden[-1]
    return last


def _packed(words: Tensor, mask: Tensor) -> PackedSequence:
    return pack_padded_sequence(words, mask.sum(1).cpu(), batch_first=True, enforce_sorted=False)
