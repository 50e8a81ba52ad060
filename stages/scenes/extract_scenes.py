"""Encode every image as one pooled vector and one grid of vectors."""

from pathlib import Path

from pipeline import paths
from pipeline.encoders.scenes.corpus import write_scenes
from pipeline.images.corpus import images_path
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    images = images_path(Path(params.corpus.path), params.corpus.images)
    write_scenes(paths.SCENES, params.scenes, params.compute, paths.IMAGES, images)


if __name__ == "__main__":
    run(main)
