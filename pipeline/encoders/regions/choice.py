"""The region encoder that params choose: a detector, or precomputed regions."""

from collections.abc import Sequence
from pathlib import Path

import torch

from pipeline.encoders.detectors import load_detector
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.regions.precomputed.encoder import PrecomputedEncoder
from pipeline.encoders.rows.images import ImageEntry
from pipeline.encoders.trunks.weights import find_weights
from pipeline.errors import UserError
from pipeline.params.project import RegionParams


def load_region_encoder(params: RegionParams, device: torch.device) -> RegionEncoder:
    """The encoder of `regions.detector`, with `regions.weights` if given.

    Raises:
        UserError: there is no such detector, or its weights are missing.
    """
    if params.detector == "precomputed":
        raise UserError(
            "regions.detector = 'precomputed' has regions of the corpus' images only; new images"
            " need the detector that computed them"
        )
    weights = find_weights(params.weights) if params.weights else None
    detector = load_detector(params.detector, weights)
    # The path of a configuration cannot name a folder; the fingerprint has it.
    name = params.detector.partition(":")[0]
    return RegionEncoder(
        name, detector, params.count, device, params.input, params.select, params.compile_trunk
    )


def load_corpus_regions(
    params: RegionParams, device: torch.device, images: Sequence[ImageEntry]
) -> RegionEncoder | PrecomputedEncoder:
    """The encoder for a corpus' images, whose regions may be precomputed.

    Raises:
        UserError: weights or precomputed regions are missing or unusable.
    """
    if params.detector != "precomputed":
        return load_region_encoder(params, device)
    return PrecomputedEncoder(Path(params.weights or ""), images, params.count)
