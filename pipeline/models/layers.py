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
