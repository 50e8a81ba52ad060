"""VSE-infinity (Chen et al., CVPR 2021, arXiv 2011.04305): one vector per picture and per text."""

import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.matching.encoders import Encoded, MaskedBatchNorm, WordStates, xavier_
from pipeline.matching.gpo import GPO


class VSEInfinity(nn.Module):
    """Cosine of a picture's and a text's vector, each pooled by GPO.

    Regions go through a linear layer, and a two-layer perceptron beside it.
    """

    def __init__(self, region_width: int, vocabulary: int, word_width: int, width: int) -> None:
        super().__init__()
        self.fc = xavier_(nn.Linear(region_width, width))
        self.narrow = nn.Linear(region_width, width // 2)
        self.norm = MaskedBatchNorm(width // 2)
        self.widen = nn.Linear(width // 2, width)
        self.image_pool = GPO()
        self.words = WordStates(vocabulary, word_width, width)
        self.text_pool = GPO()

    def encode_images(self, regions: Tensor, mask: Tensor) -> Encoded:
        """Regions (B, K, D_r) -> `whole` (B, d)."""
        residual = self.widen(F.relu(self.norm(self.narrow(regions), mask)))  # (B, K, d)
        pooled = self.image_pool(self.fc(regions) + residual, mask)  # (B, d)
        return Encoded(mask, whole=F.normalize(pooled, dim=-1))

    def encode_texts(self, words: Tensor, mask: Tensor) -> Encoded:
        """Words (B, L) or (B, L, D_w) -> `whole` (B, d)."""
        pooled = self.text_pool(self.words(words, mask), mask)  # (B, d)
        return Encoded(mask, whole=F.normalize(pooled, dim=-1))

    def similarity(self, images: Encoded, texts: Encoded) -> Tensor:
        """Cosine of every picture and text, (I, T)."""
        return images.summary @ texts.summary.T
