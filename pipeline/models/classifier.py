"""The interface of classifiers of pairs.

The parameters of a model's `forward` name the features that it reads: a model with
`forward(self, pooled, words, word_mask)` gets the pooled scene vectors and the words, and nothing
else is loaded for it. The names are those of `FEATURES`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from inspect import signature
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.params.base import Section

# Arrays (n, D) or (n, C) and class indices (n,) of models without a network.
Vectors = npt.NDArray[np.float32]
Classes = npt.NDArray[np.int64]

FEATURES = ("regions", "region_mask", "pooled", "grid", "words", "word_mask")


@dataclass(frozen=True)
class Sizes:
    """Widths given by the corpus and its feature files; 0 for a file that is not read."""

    classes: int
    regions: int  # K
    region_dim: int  # D_r
    pooled_dim: int  # D_p
    grid_dim: int  # D_c
    word_dim: int  # D_w
    max_words: int  # N


@dataclass(frozen=True)
class Output:
    """A model's output. In a dataclass like it, a field with `logits` of its own is a stream."""

    logits: Tensor  # (B, C)


class Classifier(nn.Module):
    """A network that classifies pairs; returns an `Output` or a dataclass like it."""

    def loss(self, output: Any, labels: Tensor) -> dict[str, Tensor]:
        """Scalars for labels (B,), among them `total`, which is minimised."""
        raise NotImplementedError

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Those that `train.encoder_rate` and `train.frozen_epochs` concern."""
        return []


class Baseline(Classifier):
    """A classifier trained with cross-entropy alone; built as `Model(params, sizes)`."""

    params_type: ClassVar[type[Section]]

    def loss(self, output: Output, labels: Tensor) -> dict[str, Tensor]:
        """`total`, the mean cross-entropy for labels (B,)."""
        return {"total": F.cross_entropy(output.logits, labels)}


def features_of(model: Classifier | type[Classifier]) -> tuple[str, ...]:
    """The names of the features that a model's `forward` takes."""
    return tuple(name for name in signature(model.forward).parameters if name in FEATURES)


def apply_model(model: Classifier, inputs: Mapping[str, Tensor]) -> Any:
    """The model's output for the features that it reads among these."""
    return model(**{name: inputs[name] for name in features_of(model)})


def stream_logits(output: Any) -> dict[str, Tensor]:
    """The logits (B, C) of each stream of an output, by its field's name."""
    parts = {field.name: getattr(output, field.name) for field in fields(output)}
    return {name: part.logits for name, part in parts.items() if hasattr(part, "logits")}
