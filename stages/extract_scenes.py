"""Encode every picture as one vector and one grid."""

from pathlib import Path

from pipeline import paths
from pipeline.device import resolve_device
from pipeline.features.engines import choose_engine
from pipeline.features.pictures import write_picture_features
from pipeline.features.scenes import SceneEncoder, load_trunk
from pipeline.params import load_params
from stages import run


def main() -> None:
    params = load_params()
    scenes, corpus = params.scenes, params.corpus
    trunk = load_trunk(scenes.encoder, Path(scenes.weights) if scenes.weights else None)
    device = resolve_device(scenes.device)
    encoder = SceneEncoder(scenes.encoder, trunk, device)
    write_picture_features(
        paths.SCENES,
        encoder,
        paths.IMAGES,
        Path(corpus.path) / corpus.images,
        {"grid_shape": encoder.grid_shape},
        choose_engine(params.compute, device),
    )


if __name__ == "__main__":
    run(main)
