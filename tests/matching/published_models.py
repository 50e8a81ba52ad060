"""Modules with the layer names of published code, and their similarities, a pair at a time."""

from argparse import Namespace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

REGIONS, WORDS, WIDTH, WORD_WIDTH = 5, 11, 8, 4


class Pool(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gru = nn.GRU(32, 32, batch_first=True, bidirectional=True)
        self.linear = nn.Linear(32, 1, bias=False)

    def forward(self, values: Tensor) -> Tensor:
        """One set (M, d) -> (d,)."""
        angles = torch.arange(len(values)).unsqueeze(1) / 10000 ** (torch.arange(16) / 16)
        codes = torch.stack([angles.sin(), angles.cos()], -1).flatten(1)
        both = self.gru(codes.unsqueeze(0))[0][0]
        weights = (self.linear((both[:, :32] + both[:, 32:]) / 2) / 0.1).softmax(0)
        pooled: Tensor = (values.sort(0, descending=True).values * weights).sum(0)
        return pooled


class Perceptron(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        widths = [REGIONS, WIDTH // 2, WIDTH]
        self.layers = nn.ModuleList(map(nn.Linear, widths, widths[1:]))
        self.bns = nn.ModuleList(map(nn.BatchNorm1d, widths[1:]))

    def forward(self, values: Tensor) -> Tensor:
        found: Tensor = self.layers[1](self.bns[0](self.layers[0](values)).relu())
        return found


class ImageEncoder(nn.Module):
    def __init__(self, pooled: bool) -> None:
        super().__init__()
        self.fc = nn.Linear(REGIONS, WIDTH)
        if pooled:
            self.mlp, self.gpool = Perceptron(), Pool()


class TextEncoder(nn.Module):
    def __init__(self, pooled: bool, directions: int = 2) -> None:
        super().__init__()
        self.embed = nn.Embedding(WORDS, WORD_WIDTH)
        self.rnn = nn.GRU(WORD_WIDTH, WIDTH, batch_first=True, bidirectional=directions == 2)
        if pooled:
            self.gpool = Pool()

    def states(self, words: Tensor) -> Tensor:
        """(L,) -> (L, d)."""
        both = self.rnn(self.embed(words).unsqueeze(0))[0][0]
        mean: Tensor = (both[:, :WIDTH] + both[:, WIDTH:]) / 2
        return mean


def vse_infinity(image: ImageEncoder, text: TextEncoder, regions: Tensor, words: Tensor) -> float:
    pooled = image.gpool(image.fc(regions) + image.mlp(regions))
    return float(torch.cosine_similarity(pooled, text.gpool(text.states(words)), 0))


def scan(image: ImageEncoder, text: TextEncoder, regions: Tensor, words: Tensor) -> float:
    """Text to image, mean over words, factor 4."""
    v = nn.functional.normalize(image.fc(regions), dim=-1)
    e = nn.functional.normalize(text.states(words), dim=-1)
    scores = nn.functional.leaky_relu(v @ e.T, 0.1)  # (K, L)
    weights = (4 * nn.functional.normalize(scores, dim=1)).softmax(0)
    return float(torch.cosine_similarity(weights.T @ v, e, -1).mean())


def trained(module: nn.Module) -> Any:
    """With statistics and weights as training would leave them."""
    for part in module.modules():
        if isinstance(part, nn.BatchNorm1d):
            part.running_mean.normal_(std=0.1)  # type: ignore[union-attr]
            part.running_var.uniform_(0.5, 2)  # type: ignore[union-attr]
    return module.requires_grad_(False).eval()


def save(path: Path, parts: list[nn.Module], **options: Any) -> None:
    """As CRCL's code does, memory included."""
    content = {
        "epoch": 3,
        "model": [part.state_dict() for part in parts],
        "best_rsum": 401.5,
        "opt": Namespace(no_imgnorm=False, no_txtnorm=False, **options),
        "step": 7,
        "move_gt": np.ones(12),
    }
    torch.save(content, path)
