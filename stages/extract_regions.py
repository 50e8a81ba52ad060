"""Find the regions of every image and keep their features."""

import json
from pathlib import Path

from pipeline import paths
from pipeline.core.device import resolve_device
from pipeline.encoders.regions.choice import load_corpus_regions
from pipeline.encoders.regions.precomputed.encoder import PrecomputedEncoder
from pipeline.encoders.rows.extract import choose_engine
from pipeline.encoders.rows.images import readable_images, write_image_features
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    regions, corpus = params.regions, params.corpus
    device = resolve_device(regions.device)
    encoder = load_corpus_regions(regions, device, readable_images(paths.IMAGES))
    if isinstance(encoder, PrecomputedEncoder):
        print(encoder.check)
    write_image_features(
        paths.REGIONS,
        encoder,
        paths.IMAGES,
        Path(corpus.path) / corpus.images,
        {"class_names": json.dumps(list(encoder.class_names))},
        choose_engine(params.compute, device),
    )


if __name__ == "__main__":
    run(main)
