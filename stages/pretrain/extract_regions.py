"""Find the regions of every image, with the main pipeline's detector."""

from pathlib import Path

from pipeline.encoders.regions.corpus import write_regions
from pipeline.images.corpus import images_path
from pipeline.params.pretrain import load_pretrain_params
from pipeline.params.project import load_params
from stages import run
from stages.pretrain import paths


def main() -> None:
    params, corpus = load_params(), load_pretrain_params().corpus
    images = images_path(Path(corpus.path), corpus.images)
    write_regions(paths.REGIONS, params.regions, params.compute, paths.IMAGES, images)


if __name__ == "__main__":
    run(main)
