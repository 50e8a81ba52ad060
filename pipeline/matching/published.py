"""Checkpoints of published matching code: CRCL, SGRAF, SCAN, VSE-infinity.

They are pickles, of which only weights and options are read and no code is run.
"""

import _codecs
from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np
import torch
from numpy._core import multiarray
from torch import Tensor

from pipeline.encoders.trunks.weights import file_sha256, find_weights
from pipeline.errors import UserError, first_line
from pipeline.finite import require_finite_weights
from pipeline.models.matching.encoding import MatchingConfig
from pipeline.models.matching.model import MatchingModel
from pipeline.params.matching import Member, ModelParams

# All that these checkpoints hold beside tensors and plain values: their options, and in CRCL's the
# memory as a NumPy array, whose parts NumPy 1 wrote under another name.
_ALLOWED: list[Any] = [
    Namespace,
    np.ndarray,
    np.dtype,
    type(np.dtype(np.float64)),
    type(np.dtype(np.float32)),
    multiarray._reconstruct,
    (multiarray._reconstruct, "numpy.core.multiarray._reconstruct"),
    _codecs.encode,
]

_SHOWN = 5

Layers = Mapping[str, str]
# Layers here by their names there, of the image's and the text's encoder. An empty name: not used.
_TEXT: Layers = {"embed": "words.embedding", "rnn": "words.bigru"}
_LAYERS: dict[Member, tuple[Layers, Layers]] = {
    "vse_infinity": (
        {
            "fc": "fc",
            "mlp.layers.0": "narrow",
            "mlp.bns.0": "norm",
            "mlp.layers.1": "widen",
            "mlp.bns.1": "",
            "gpool.gru": "image_pool.bigru",
            "gpool.linear": "image_pool.weigh",
        },
        {**_TEXT, "gpool.gru": "text_pool.bigru", "gpool.linear": "text_pool.weigh"},
    ),
    "scan": ({"fc": "fc"}, _TEXT),
}
# Options under which the same layers would compute something else.
_OPTIONS: dict[str, Any] = {"no_imgnorm": False, "no_txtnorm": False}
_SCAN_OPTIONS: dict[str, Any] = {
    "cross_attn": "t2i",
    "agg_func": "Mean",
    "raw_feature_norm": "clipped_l2norm",
}
# Of a model whose options do not say it, or that has no such part.
_SMOOTH, _DROPOUT, _SIMILARITY_WIDTH, _GRAPH_STEPS = 9.0, 0.4, 256, 3


def read_published(named: str) -> tuple[MatchingModel, str]:
    """The model of a published `.pth.tar` file, and the file's sha256.

    The model is in evaluation mode, on the CPU.

    named: a path or a URL, maybe with `#sha256=<hex>`, which is checked.

    Raises:
        UserError: the file is another one, is damaged, holds more than weights and options, or has
            layers or options that no model here has.
    """
    path = find_weights(named)
    sha256 = file_sha256(path)
    parts, options = _read(path)
    if len(parts) != 2:
        raise UserError(f"{path} cannot be read into a model here: {_third_part(parts)}")
    member: Member = "vse_infinity" if "gpool.linear.weight" in parts[0] else "scan"
    _require_options(path, member, options)
    weights = _renamed(path, parts, _LAYERS[member])
    require_finite_weights(path, weights)
    try:
        model = MatchingModel(_config(member, weights, options))
        model.load_state_dict(weights)
    except (KeyError, ValueError, TypeError, RuntimeError) as error:
        raise UserError(f"{path} does not fit {member}: {error}") from None
    return model.eval(), sha256


def _read(path: Path) -> tuple[Sequence[dict[str, Tensor]], dict[str, Any]]:
    try:
        with torch.serialization.safe_globals(_ALLOWED):
            found = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes PyTorch raise anything
        raise UserError(f"{path} cannot be read: {first_line(error)}") from None
    parts = found.get("model") if isinstance(found, dict) else None
    options = found.get("opt") if isinstance(found, dict) else None
    if not _are_weights(parts) or not isinstance(options, Namespace):
        raise UserError(
            f"{path} is no checkpoint of CRCL, SGRAF, SCAN or VSE-infinity: it needs `model`, a"
            " list of state dicts, and `opt`"
        )
    stripped = [{key.removeprefix("module."): x for key, x in part.items()} for part in parts]
    return stripped, vars(options)


def _are_weights(parts: Any) -> TypeGuard[list[dict[str, Tensor]]]:
    return isinstance(parts, list) and all(
        isinstance(part, dict) and all(isinstance(x, Tensor) for x in part.values())
        for part in parts
    )


def _third_part(parts: Sequence[Mapping[str, Tensor]]) -> str:
    """Why a checkpoint of other than two encoders is refused."""
    name = "v_global_w.embedding_local.1.running_mean"
    if len(parts) == 3 and name in parts[2]:
        return (
            f"its layer v_global_w.embedding_local.1 is a BatchNorm over {len(parts[2][name])}"
            " places of regions (SAF or SGR); here it goes over the channels of the regions that"
            " an image has"
        )
    return f"it has {len(parts)} parts, expected those of an image's and a text's encoder"


def _require_options(path: Path, member: Member, options: Mapping[str, Any]) -> None:
    needed = _OPTIONS | (_SCAN_OPTIONS if member == "scan" else {})
    found = {name: options.get(name, value) for name, value in needed.items()}
    for name, value in found.items():
        if value != needed[name]:
            raise UserError(
                f"{path} cannot be read into {member}: its option {name} is {value!r}, only"
                f" {needed[name]!r} is known here"
            )


def _renamed(
    path: Path, parts: Sequence[Mapping[str, Tensor]], layers: Sequence[Layers]
) -> dict[str, Tensor]:
    weights, unknown = {}, []
    for part, names in zip(parts, layers, strict=True):
        for key, values in part.items():
            layer, _, kind = key.rpartition(".")
            if layer not in names:
                unknown.append(key)
            elif names[layer]:
                weights[f"compare.{names[layer]}.{kind}"] = values
    if unknown:
        shown = ", ".join(unknown[:_SHOWN]) + ", ..." * (len(unknown) > _SHOWN)
        raise UserError(f"{path} has {len(unknown)} weights that no model here has: {shown}")
    return weights


def _config(
    member: Member, weights: Mapping[str, Tensor], options: Mapping[str, Any]
) -> MatchingConfig:
    width, region_width = weights["compare.fc.weight"].shape
    vocabulary, word_width = weights["compare.words.embedding.weight"].shape
    if "compare.words.bigru.weight_ih_l0_reverse" not in weights:
        raise ValueError("its GRU reads texts in one direction, here there are two")
    params = ModelParams(
        name=member,
        width=width,
        similarity_width=_SIMILARITY_WIDTH,
        graph_steps=_GRAPH_STEPS,
        smooth=float(options.get("lambda_softmax", _SMOOTH)) if member == "scan" else _SMOOTH,
        dropout=_DROPOUT,
        attention_start="xavier",
    )
    return MatchingConfig(
        member=member,
        region_width=region_width,
        vocabulary=vocabulary,
        word_width=word_width,
        model=params,
    )
