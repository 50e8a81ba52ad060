"""Encode every image as one pooled vector and one grid of vectors."""

from pathlib import Path

from pipeline import paths
from pipeline.core.device import resolve_device
from pipeline.encoders.rows.extract import choose_engine
from pipeline.encoders.rows.images import write_image_features
from pipeline.encoders.scenes.encoder import SceneEncoder, load_trunk
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    scenes, corpus = params.scenes, params.corpus
    trunk = load_trunk(scenes.encoder, Path(scenes.weights) if scenes.weights else None)
    device = resolve_device(scenes.device)
    encoder = SceneEncoder(scenes.encoder, trunk, device)
    write_image_features(
        paths.SCENES,
        encoder,
        paths.IMAGES,
        Path(corpus.path) / corpus.images,
        {"grid_shape": encoder.grid_shape},
        choose_engine(params.compute, device),
    )


if __name__ == "__main__":
    run(main)
