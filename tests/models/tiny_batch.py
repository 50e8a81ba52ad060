"""Three pairs that differ in their number of words and regions, and a model to judge them."""

import numpy as np
import torch
from torch import Tensor

from pipeline.models.ananet import AnANet, AnANetConfig
from tests.tiny import SCENE

LENGTHS = (4, 7, 1)
PRESENT = ((0, 1, 2, 3, 4), (0, 1, 2), (1, 3))
SCENES = (True, False, True)  # which pair's image has one
LABELS = (2, 0, 1)


def build(config: AnANetConfig, seed: int = 0) -> AnANet:
    """A model in double precision, with weights large enough that no part is negligible."""
    torch.manual_seed(seed)
    model = AnANet(config).double().eval()
    with torch.no_grad():
        for weights in model.parameters():
            weights.uniform_(-0.9, 0.9)
        for name, buffer in model.named_buffers():
            if "running" in name:
                buffer.uniform_(0.1, 0.9)
    return model


class Batch:
    """Pair i has LENGTHS[i] words and the regions PRESENT[i]; its label is LABELS[i]."""

    def __init__(self, words: int = max(LENGTHS), seed: int = 1) -> None:
        rng = np.random.default_rng(seed)
        self.regions = torch.from_numpy(rng.normal(size=(3, 5, 5)))
        self.region_mask = torch.zeros(3, 5, dtype=torch.bool)
        self.words = torch.from_numpy(rng.normal(size=(3, words, 3)))
        self.word_mask = torch.arange(words) < torch.tensor(LENGTHS)[:, None]
        for row, slots in enumerate(PRESENT):
            self.region_mask[row, list(slots)] = True
        self.pooled = torch.from_numpy(rng.normal(size=(3, SCENE.pooled)))
        self.grid = torch.from_numpy(rng.normal(size=(3, SCENE.cells, SCENE.grid)))
        self.scene_mask = torch.tensor(SCENES)

    def inputs(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        return self.regions, self.region_mask, self.words, self.word_mask

    def inputs_of(self, model: AnANet) -> tuple[Tensor, ...]:
        """With the scene, if the model reads it."""
        scene = (self.pooled, self.grid, self.scene_mask) if model.config.scene.places else ()
        return (*self.inputs(), *scene)


def gradients(model: AnANet, batch: Batch, term: str = "total") -> dict[str, Tensor]:
    """Gradient by parameter name; zeros where none flows."""
    model.zero_grad()
    model.loss(model(*batch.inputs_of(model)), torch.tensor(LABELS))[term].backward()
    return {
        name: torch.zeros_like(value) if value.grad is None else value.grad.clone()
        for name, value in model.named_parameters()
    }
