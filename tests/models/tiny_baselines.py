"""Every baseline in double precision at widths that cost nothing, and three pairs to judge."""

from typing import Any

import torch
from torch import Tensor

from pipeline.models.classifier import Baseline, Sizes, features_of
from pipeline.models.co_memory import CoMemory
from pipeline.models.dcnn import DCNN
from pipeline.models.deep_classifier import DeepClassifier
from pipeline.models.inception_lstm import InceptionLSTM
from pipeline.models.scan import SCAN
from pipeline.models.tfn import TFN
from tests.models.tiny_batch import Batch

SIZES = Sizes(classes=3, regions=5, region_dim=5, pooled_dim=6, grid_dim=2, word_dim=3, max_words=7)
PARAMS: dict[type[Baseline], dict[str, Any]] = {
    TFN: {"image_width": 6, "text_width": 4, "fusion_width": 5, "dropout": 0.0},
    CoMemory: {"half_width": 2, "hops": 3, "dropout": 0.0},
    SCAN: {
        "width": 4,
        "smooth_words": 9.0,
        "smooth_regions": 4.0,
        "pool_words": 6.0,
        "pool_regions": 5.0,
    },
    InceptionLSTM: {"text_width": 4, "image_width": 3, "hidden": 5, "dropout": 0.0},
    DCNN: {"width": 4, "fusion": "add", "dropout": 0.0},
    DeepClassifier: {"text_width": 4, "attention_width": 3, "hidden": 5, "dropout": 0.0},
}


def build(kind: type[Baseline], seed: int = 0, **changes: Any) -> Any:
    """A model with weights large enough that no part is negligible."""
    torch.manual_seed(seed)
    params = kind.params_type.model_validate({**PARAMS[kind], **changes})
    model = kind(params, SIZES).double().eval()  # type: ignore[call-arg]
    with torch.no_grad():
        for weights in model.parameters():
            weights.uniform_(-0.9, 0.9)
    return model


def inputs(kind: type[Baseline], seed: int = 1) -> dict[str, Tensor]:
    """What the model reads of three pairs of 4, 7 and 1 words."""
    batch = Batch(seed=seed)
    generator = torch.Generator().manual_seed(seed)
    known = {
        "regions": batch.regions,
        "region_mask": batch.region_mask,
        "words": batch.words,
        "word_mask": batch.word_mask,
        "pooled": torch.randn(3, 6, generator=generator).double(),
        "grid": torch.randn(3, 4, 2, generator=generator).double(),
    }
    return {name: known[name] for name in features_of(kind) if name in known}
