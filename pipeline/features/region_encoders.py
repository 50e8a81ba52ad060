"""The encoder of regions that parameters name: a detector, or what one has found before."""

from collections.abc import Sequence
from pathlib import Path

import torch

from pipeline.errors import UserError
from pipeline.features.detectors import load_detector
from pipeline.features.pictures import PictureEntry
from pipeline.features.precomputed.encoder import PrecomputedEncoder
from pipeline.features.regions import RegionEncoder
from pipeline.features.weights import find_weights
from pipeline.params import RegionParams


def load_region_encoder(params: RegionParams, device: torch.device) -> RegionEncoder:
    """The encoder of `regions.detector`, with `regions.weights` where given.

    Raises:
        UserError: its weights cannot be had, or it is no detector.
    """
    if params.detector == "precomputed":
        raise UserError(
            "regions.detector = 'precomputed' knows the corpus' own pictures only; regions of new"
            " ones need the detector that found those"
        )
    weights = find_weights(params.weights) if params.weights else None
    detector = load_detector(params.detector, weights)
    # A configuration's path is no name of a folder; the fingerprint tells them apart.
    name = params.detector.partition(":")[0]
    return RegionEncoder(
        name,
        detector,
        params.count,
        device,
        params.input,
        params.select,
        params.compile_trunk,
    )


def load_corpus_regions(
    params: RegionParams, device: torch.device, pictures: Sequence[PictureEntry]
) -> RegionEncoder | PrecomputedEncoder:
    """The encoder for pictures of a corpus, whose regions may lie there already.

    Raises:
        UserError: weights or precomputed regions cannot be had.
    """
    if params.detector != "precomputed":
        return load_region_encoder(params, device)
    return PrecomputedEncoder(Path(params.weights or ""), pictures, params.count)
