"""What AnANet is built from: the parameters, and the features at hand."""

from pipeline.models.ananet import AnANet, AnANetConfig
from pipeline.params import Params
from pipeline.training.data import PairFeatures


def new_ananet(params: Params, features: PairFeatures) -> AnANet:
    """An untrained AnANet for these features, on the CPU."""
    model = AnANet(ananet_config(params, features))
    if params.model.region_scaling == "standardize":
        model.image_encoder.standardize(*(x.cpu() for x in features.region_moments("train")))
    return model


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
