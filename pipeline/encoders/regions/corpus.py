"""Extracts the regions of a corpus' images, as params choose them."""

import json
from pathlib import Path

from pipeline.core.device import resolve_device
from pipeline.encoders.regions.choice import load_corpus_regions
from pipeline.encoders.regions.precomputed.encoder import PrecomputedEncoder
from pipeline.encoders.rows.extract import choose_engine
from pipeline.encoders.rows.images import readable_images, write_image_features
from pipeline.params.project import ComputeParams, RegionParams


def write_regions(
    path: Path, regions: RegionParams, compute: ComputeParams, table: Path, images: Path
) -> None:
    """Write the regions of every readable image of `prepare`'s image table.

    images: the archive or folder of the images.

    Raises:
        UserError: weights, the table or an image is missing, or the file cannot be written.
    """
    device = resolve_device(regions.device)
    encoder = load_corpus_regions(regions, device, readable_images(table))
    if isinstance(encoder, PrecomputedEncoder):
        print(encoder.check)
    names = {"class_names": json.dumps(list(encoder.class_names))}
    engine = choose_engine(compute, device)
    write_image_features(path, encoder, table, images, names, engine)
