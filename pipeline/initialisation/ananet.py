"""Builds an AnANet from the parameters and the features."""

from pipeline.dataset.pairs import PairFeatures
from pipeline.initialisation.pretrained import start_from_pretrained
from pipeline.models.ananet import AnANet, AnANetConfig
from pipeline.models.imbalance import class_weights
from pipeline.params.project import NOT_PRETRAINED, Params


def new_ananet(params: Params, features: PairFeatures) -> AnANet:
    """An AnANet for these features, untrained but for `model.pretrained`; on the CPU.

    Raises:
        UserError: there are no such pretrained encoders, or they do not fit.
    """
    model = AnANet(ananet_config(params, features))
    if params.model.pretrained != NOT_PRETRAINED:
        start_from_pretrained(model, features)
    elif params.model.region_scaling == "standardize":
        arrays, train = features.arrays, features.rows("train")
        model.image_encoder.standardize(*arrays.region_moments(train))
        if model.scene_encoder:
            model.scene_encoder.standardize(arrays.scene_moments(train))
    labels = features.labels[features.rows("train")]
    model.class_weights.copy_(class_weights(labels, len(params.corpus.labels)))
    return model


def ananet_config(params: Params, features: PairFeatures) -> AnANetConfig:
    """The configuration of an AnANet for these features."""
    return AnANetConfig(
        labels=params.corpus.labels,
        region_dim=features.arrays.region_dim,
        word_dim=features.arrays.word_dim,
        regions=features.arrays.region_count,
        max_words=params.prepare.max_words,
        encoders=features.arrays.encoders,
        model=params.model,
        association=params.association,
        alignment=params.alignment,
        fusion=params.fusion,
        loss=params.loss,
        scene=features.arrays.scene_dims,
    )
