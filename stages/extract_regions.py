"""Find the regions of every picture and keep their features."""

import json
from pathlib import Path

from pipeline import paths
from pipeline.device import resolve_device
from pipeline.features.detectors import load_detector
from pipeline.features.engines import choose_engine
from pipeline.features.pictures import write_picture_features
from pipeline.features.regions import RegionEncoder
from pipeline.params import load_params
from stages import run


def main() -> None:
    params = load_params()
    regions, corpus = params.regions, params.corpus
    detector = load_detector(regions.detector, Path(regions.weights) if regions.weights else None)
    device = resolve_device(regions.device)
    encoder = RegionEncoder(
        regions.detector,
        detector,
        regions.count,
        device,
        regions.input,
        regions.select,
    )
    write_picture_features(
        paths.REGIONS,
        encoder,
        paths.IMAGES,
        Path(corpus.path) / corpus.images,
        {"class_names": json.dumps(list(detector.class_names))},
        choose_engine(params.compute, device),
    )


if __name__ == "__main__":
    run(main)
