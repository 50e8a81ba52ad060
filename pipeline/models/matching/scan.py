"""SCAN, text to image with average pooling (Lee et al., ECCV 2018, arXiv 1803.08024)."""

import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.core.device import on_device
from pipeline.models.matching.attention import in_blocks, word_contexts
from pipeline.models.matching.encoding import (
    Encoded,
    MatchingConfig,
    WordStates,
    project_regions,
    xavier_,
)


class SCAN(nn.Module):
    """The mean over a text's words of the cosine of the word and its context in the image."""

    def __init__(self, config: MatchingConfig) -> None:
        super().__init__()
        width, self.smooth = config.model.width, config.model.smooth
        self.fc = xavier_(nn.Linear(config.region_width, width))
        self.words = WordStates(config.vocabulary, config.word_width, width)

    def encode_images(self, regions: Tensor, mask: Tensor) -> Encoded:
        """Regions (B, K, D_r), and their mask (B, K) on the host -> `parts` (B, K, d)."""
        there = on_device(mask, regions.device)
        return Encoded(there, mask, parts=project_regions(self.fc, regions, there))

    def encode_texts(self, words: Tensor, mask: Tensor) -> Encoded:
        """Words (B, L) or (B, L, D_w), and their mask (B, L) on the host -> `parts` (B, L, d)."""
        parts = F.normalize(self.words(words, mask), dim=-1)
        return Encoded(on_device(mask, parts.device), mask, parts=parts)

    def similarity(self, images: Encoded, texts: Encoded) -> Tensor:
        """(I, T), from -1 to 1."""
        return in_blocks(self._compare, images, texts)

    def _compare(self, images: Encoded, texts: Encoded) -> Tensor:
        contexts = word_contexts(images, texts, self.smooth)  # (I, T, L, d)
        relevance = F.cosine_similarity(contexts, texts.members, dim=-1)  # (I, T, L)
        return relevance.sum(-1) / texts.mask.sum(1).clamp(min=1)
