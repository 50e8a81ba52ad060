"""The parts of AnANet that learn without labels, from which images and texts belong together.

Shapes: I images, T texts, K regions (with `model.scenes`: places, the regions first), L words,
d = `model.hidden`.
"""

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.models.ananet_comparison import Comparison
from pipeline.models.ananet_encoders import ImageEncoder, ScenePlaces, TextEncoder
from pipeline.models.classifier import SceneDims
from pipeline.models.layers import masked_mean
from pipeline.models.saved import load_model, save_model
from pipeline.params.base import Count, Section
from pipeline.params.project import AlignmentParams, ModelParams

_PERCENTILES = 101


class MatcherConfig(Section):
    """Everything needed to rebuild the matcher; saved beside its weights as config.json."""

    region_dim: Count
    word_dim: Count
    d_inv: Count
    # Which encoders made the features: file name -> sha256 of the encoder's fingerprint.
    encoders: dict[str, str]
    model: ModelParams
    alignment: AlignmentParams
    scene: SceneDims


@dataclass(frozen=True)
class Sides:
    """Encoded images or texts."""

    items: Tensor  # (B, M, d): V or T
    mask: Tensor  # (B, M)
    f_inv: Tensor  # (B, d_inv), normalised


class AnANetMatcher(nn.Module):
    """AnANet's encoders and W, with three similarities that have no weights of their own.

    names: of the similarities. unmatched: (101,) percentiles of their sum over images and texts
    that do not belong together, from least to greatest; all zero before `calibrate`.
    """

    names = ("text", "image", "whole")
    unmatched: Tensor

    def __init__(self, config: MatcherConfig) -> None:
        super().__init__()
        self.config = config
        self.image_encoder = ImageEncoder(config.region_dim, config.model)
        self.text_encoder = TextEncoder(config.word_dim, config.model)
        self.scene_encoder = (
            ScenePlaces(config.scene, config.model) if config.scene.places else None
        )
        self.W = nn.Linear(config.model.hidden, config.d_inv, bias=False)
        self.comparison = Comparison(config.alignment, config.model.hidden)
        self.register_buffer("unmatched", torch.zeros(_PERCENTILES))

    def encode_images(
        self,
        regions: Tensor,
        region_mask: Tensor,
        pooled: Tensor | None = None,
        grid: Tensor | None = None,
        scene_mask: Tensor | None = None,
    ) -> Sides:
        """regions (I, K, D_r), region_mask (I, K); with `model.scenes`, see `ScenePlaces`."""
        V = self.image_encoder(regions)  # (I, K, d)
        if self.scene_encoder:
            V, region_mask = self.scene_encoder(V, region_mask, pooled, grid, scene_mask)
        return self._sides(V, region_mask)

    def encode_texts(
        self, words: Tensor, word_mask: Tensor, lengths: Tensor | None = None
    ) -> Sides:
        """words (T, L, D_w), word_mask (T, L), and lengths (T,) on the host, so that a GPU is not
        waited for."""
        return self._sides(self.text_encoder(words, word_mask, lengths), word_mask)

    def _sides(self, items: Tensor, mask: Tensor) -> Sides:
        f_inv = self.W(masked_mean(items, mask))  # (B, d_inv), Eq. 5
        return Sides(items, mask, F.normalize(f_inv, dim=-1))

    def similarities(self, images: Sides, texts: Sides) -> Tensor:
        """Of every image with every text, (3, I, T): the means of t-bar and of v-bar, and the
        cosine of the invariant parts."""
        found = self.comparison.all_pairs(images.items, images.mask, texts.items, texts.mask)
        text = _mean(found.t_bar, texts.mask.unsqueeze(0))  # (I, T)
        image = _mean(found.v_bar, images.mask.unsqueeze(1))  # (I, T)
        return torch.stack([text, image, images.f_inv @ texts.f_inv.T])

    def pair_similarities(self, images: Sides, texts: Sides) -> Tensor:
        """The same of each image with its own text, (3, B)."""
        found = self.comparison(images.items, images.mask, texts.items, texts.mask)
        text, image = _mean(found.t_bar, texts.mask), _mean(found.v_bar, images.mask)  # (B,)
        return torch.stack([text, image, (images.f_inv * texts.f_inv).sum(-1)])

    def calibrate(self, scores: Tensor) -> None:
        """Take the percentiles of these sums of similarities, of unmatched pairs."""
        shares = torch.linspace(0, 1, _PERCENTILES, device=scores.device)
        self.unmatched.copy_(torch.quantile(scores.float(), shares))

    def percentile(self, scores: Tensor) -> Tensor:
        """The percentage of unmatched pairs that these sums of similarities are above."""
        return torch.searchsorted(self.unmatched, scores.contiguous()).clamp(max=_PERCENTILES - 1)

    def save_pretrained(self, folder: Path) -> None:
        """Write config.json and model.safetensors into the folder; the weights in float16."""
        small = deepcopy(self)
        for parameter in small.parameters():
            parameter.data = parameter.data.half()
        save_model(folder, small, self.config)

    @classmethod
    def from_pretrained(cls, folder: Path) -> Self:
        """The matcher that `save_pretrained` wrote, in evaluation mode on the CPU.

        Raises:
            UserError: a file is missing or damaged, or config and weights do not belong together.
        """
        return load_model(folder, MatcherConfig, cls)


def _mean(values: Tensor, mask: Tensor) -> Tensor:
    """Mean over the valid entries of the last axis; the others are zero."""
    return values.sum(-1) / mask.sum(-1).clamp(min=1)
