"""Encode every image as one vector and one grid, with the main pipeline's scene encoder."""

from pathlib import Path

from pipeline.encoders.scenes.corpus import write_scenes
from pipeline.images.corpus import images_path
from pipeline.params.pretrain import load_pretrain_params
from pipeline.params.project import load_params
from stages import run
from stages.pretrain import paths


def main() -> None:
    params, corpus = load_params(), load_pretrain_params().corpus
    images = images_path(Path(corpus.path), corpus.images)
    write_scenes(paths.SCENES, params.scenes, params.compute, paths.IMAGES, images)


if __name__ == "__main__":
    run(main)
