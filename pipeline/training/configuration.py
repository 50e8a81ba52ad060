"""What AnANet is built from: the parameters, and the widths of the features at hand."""

from pipeline.models.ananet import AnANetConfig
from pipeline.params import Params
from pipeline.training.data import PairFeatures


def ananet_config(params: Params, features: PairFeatures) -> AnANetConfig:
    """The configuration of an AnANet that is to be trained on these features."""
    return AnANetConfig(
        labels=params.corpus.labels,
        region_dim=features.region_dim,
        word_dim=features.word_dim,
        regions=features.region_count,
        max_words=params.prepare.max_words,
        encoders=features.encoders,
        model=params.model,
        association=params.association,
        alignment=params.alignment,
        fusion=params.fusion,
        loss=params.loss,
    )
