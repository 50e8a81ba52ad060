"""How well texts fit images that they were not written for, by the images' own texts."""

from collections.abc import Sequence
from typing import Self

import torch
import torch.nn.functional as F
from torch import Tensor

from pipeline.dataset.pairs import PairFeatures
from pipeline.features.batches import Rows


class Relatedness:
    """The cosine of each pair's text with the mean of the texts that an image has.

    A text is the mean of its words' vectors, without what all texts have in common.
    """

    def __init__(self, texts: Tensor, images: Sequence[str]) -> None:
        """texts: (n, D), of the pairs. images: of the pairs, a key each."""
        self._texts = F.normalize(texts - texts.mean(0), dim=-1)  # (n, D)
        numbers = {image: number for number, image in enumerate(dict.fromkeys(images))}
        image = torch.tensor([numbers[image] for image in images], device=texts.device)  # (n,)
        sums = texts.new_zeros(len(numbers), texts.shape[1])
        sums.index_add_(0, image, self._texts)
        self._images = F.normalize(sums, dim=-1)[image]  # (n, D)

    @classmethod
    def of(cls, features: PairFeatures, rows: Rows) -> Self:
        """Of these rows' pairs, by the last of their files of words: BERT's, if there is one."""
        return cls(features.arrays.text_means(rows), [features.image_keys[row] for row in rows])

    def __call__(self, pairs: Tensor) -> Tensor:
        """Of some pairs (B,), images in rows and texts in columns, (B, B)."""
        return self._images[pairs] @ self._texts[pairs].T
