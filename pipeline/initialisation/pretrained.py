"""Starts an AnANet from pretrained encoders and W."""

from pathlib import Path

from pipeline import paths
from pipeline.dataset.pairs import PairFeatures
from pipeline.errors import UserError
from pipeline.models.ananet import AnANet
from pipeline.models.ananet_matcher import AnANetMatcher
from pipeline.models.saved import AnANetEncoders

# Of `model`, what decides the shapes and the meaning of the pretrained weights.
_SHARED = ("text", "hidden", "bigru_merge", "region_scaling", "scenes")


def start_from_pretrained(
    model: AnANet, features: PairFeatures, folder: Path | None = None
) -> None:
    """Give the model's encoders, and W if it has one, the weights of pretrained ones.

    The features' encoders must be those of the pretraining; library versions and device may
    differ.

    folder: default: the one that `model.pretrained` names.

    Raises:
        UserError: it holds no pretrained encoders, or they do not fit the model or its features.
    """
    folder = folder or paths.PRETRAINED_ANANET / model.config.model.pretrained
    matcher = AnANetMatcher.from_pretrained(folder)
    encoders = AnANetEncoders.load(folder, matcher.config.encoders)
    for file, fingerprint in features.arrays.fingerprints.items():
        encoders.require_agreement(file, fingerprint, allow_rounding=True)
    _check_shapes(model, matcher, folder)
    model.image_encoder.load_state_dict(matcher.image_encoder.state_dict())
    if model.scene_encoder and matcher.scene_encoder:
        model.scene_encoder.load_state_dict(matcher.scene_encoder.state_dict())
    model.text_encoder.load_state_dict(matcher.text_encoder.state_dict())
    if model.association:
        model.association.W.load_state_dict(matcher.W.state_dict())


def _check_shapes(model: AnANet, matcher: AnANetMatcher, folder: Path) -> None:
    own, other = model.config, matcher.config
    values = {
        f"model.{key}": (getattr(own.model, key), getattr(other.model, key)) for key in _SHARED
    }
    values["association.d_inv"] = (own.association.d_inv, other.d_inv)
    faults = [
        f"  {key} = {mine!r}; allowed with these weights: {theirs!r}"
        for key, (mine, theirs) in values.items()
        if mine != theirs
    ]
    if faults:
        raise UserError("\n".join([f"the pretrained encoders of {folder} do not fit:", *faults]))
