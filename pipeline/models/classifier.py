"""The interface of classifiers of pairs.

The parameters of a model's `forward` name the features that it reads: a model with
`forward(self, pooled, words, word_mask)` gets the pooled scene vectors and the words, and nothing
else is loaded for it. The names are those of `FEATURES`. A model whose configuration decides what
it reads overrides `features`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from inspect import signature
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor, nn

from pipeline.errors import UserError
from pipeline.params.base import NonNegativeInt, Section

# Arrays (n, D) or (n, C) and class indices (n,) of models without a network.
Vectors = npt.NDArray[np.float32]
Classes = npt.NDArray[np.int64]

REGION_NAMES = ("regions", "region_mask")
SCENE_NAMES = ("pooled", "grid", "scene_mask")
TEXT_NAMES = ("words", "word_mask", "lengths")
FEATURES = (*REGION_NAMES, *SCENE_NAMES, *TEXT_NAMES)


class SceneDims(Section):
    """Widths of a scene's vector and of its cells, and their number; 0 for what is not read."""

    pooled: NonNegativeInt = 0
    grid: NonNegativeInt = 0
    cells: NonNegativeInt = 0

    @property
    def places(self) -> int:
        """Vectors of a scene: the pooled one and the cells; 0 without cells."""
        return 1 + self.cells if self.cells else 0


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
    """A network that classifies pairs; returns an `Output` or a dataclass like it.

    mixed_batches: whether it must train on batches with texts of all lengths.
    """

    mixed_batches = False

    def loss(self, output: Any, labels: Tensor) -> dict[str, Tensor]:
        """Scalars for labels (B,), among them `total`, which is minimised."""
        raise NotImplementedError

    def features(self) -> tuple[str, ...]:
        """The names of the features that it reads."""
        return features_of(type(self))

    def encoder_parameters(self) -> list[nn.Parameter]:
        """Those that `train.encoder_rate` and `train.frozen_epochs` concern."""
        return []


class Baseline(Classifier):
    """A classifier trained with cross-entropy alone; built as `Model(params, sizes)`."""

    params_type: ClassVar[type[Section]]

    def loss(self, output: Output, labels: Tensor) -> dict[str, Tensor]:
        """`total`, the mean cross-entropy for labels (B,)."""
        return {"total": F.cross_entropy(output.logits, labels)}


def require_classes(gold: Classes) -> None:
    """Check that the train pairs' classes (n,) differ.

    Raises:
        UserError: there is one class only.
    """
    if len(np.unique(gold)) < 2:
        raise UserError(
            f"all {len(gold):,} train pairs have one label, so there is nothing to tell apart; see"
            " corpus.labels and the counts in data/reports/corpus.json"
        )


def features_of(kind: type[Classifier]) -> tuple[str, ...]:
    """The names of the features that the `forward` of a kind of model takes."""
    return tuple(name for name in signature(kind.forward).parameters if name in FEATURES)


def apply_model(model: Classifier, inputs: Mapping[str, Tensor]) -> Any:
    """The model's output for the features that it reads among these; without `lengths`, it counts
    words itself."""
    return model(**{name: inputs[name] for name in model.features() if name in inputs})


def stream_logits(output: Any) -> dict[str, Tensor]:
    """The logits (B, C) of each stream of an output, by its field's name."""
    parts = {field.name: getattr(output, field.name) for field in fields(output)}
    return {name: part.logits for name, part in parts.items() if hasattr(part, "logits")}
