"""Find the regions of every picture and keep their features."""

import json
from pathlib import Path

from pipeline import paths
from pipeline.device import resolve_device
from pipeline.features.engines import choose_engine
from pipeline.features.pictures import readable_pictures, write_picture_features
from pipeline.features.precomputed.encoder import PrecomputedEncoder
from pipeline.features.region_encoders import load_corpus_regions
from pipeline.params import load_params
from stages import run


def main() -> None:
    params = load_params()
    regions, corpus = params.regions, params.corpus
    device = resolve_device(regions.device)
    encoder = load_corpus_regions(regions, device, readable_pictures(paths.IMAGES))
    if isinstance(encoder, PrecomputedEncoder):
        print(encoder.found)
    write_picture_features(
        paths.REGIONS,
        encoder,
        paths.IMAGES,
        Path(corpus.path) / corpus.images,
        {"class_names": json.dumps(list(encoder.class_names))},
        choose_engine(params.compute, device),
    )


if __name__ == "__main__":
    run(main)
