"""VSE-infinity (Chen et al., CVPR 2021, arXiv 2011.04305): one vector per image and per text."""

import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.core.device import on_device
from pipeline.models.matching.encoding import (
    Encoded,
    MaskedBatchNorm,
    MatchingConfig,
    WordStates,
    xavier_,
)
from pipeline.models.matching.gpo import GPO


class VSEInfinity(nn.Module):
    """Cosine of an image's and a text's vector, each pooled by GPO.

    Regions go through the sum of a linear layer and a two-layer perceptron.
    """

    def __init__(self, config: MatchingConfig) -> None:
        super().__init__()
        region_width, width = config.region_width, config.model.width
        self.fc = xavier_(nn.Linear(region_width, width))
        self.narrow = nn.Linear(region_width, width // 2)
        self.norm = MaskedBatchNorm(width // 2)
        self.widen = nn.Linear(width // 2, width)
        self.image_pool = GPO()
        self.words = WordStates(config.vocabulary, config.word_width, width)
        self.text_pool = GPO()

    def encode_images(self, regions: Tensor, mask: Tensor) -> Encoded:
        """Regions (B, K, D_r), and their mask (B, K) on the host -> `whole` (B, d)."""
        residual = self.widen(F.relu(self.norm(self.narrow(regions), mask)))  # (B, K, d)
        pooled = self.image_pool(self.fc(regions) + residual, mask)  # (B, d)
        return Encoded(on_device(mask, pooled.device), mask, whole=F.normalize(pooled, dim=-1))

    def encode_texts(self, words: Tensor, mask: Tensor) -> Encoded:
        """Words (B, L) or (B, L, D_w), and their mask (B, L) on the host -> `whole` (B, d)."""
        pooled = self.text_pool(self.words(words, mask), mask)  # (B, d)
        return Encoded(on_device(mask, pooled.device), mask, whole=F.normalize(pooled, dim=-1))

    def similarity(self, images: Encoded, texts: Encoded) -> Tensor:
        """Cosine of every image and text, (I, T)."""
        return images.summary @ texts.summary.T
