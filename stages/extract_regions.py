"""Find the regions of every image and keep their features."""

from pathlib import Path

from pipeline import paths
from pipeline.encoders.regions.corpus import write_regions
from pipeline.images.corpus import images_path
from pipeline.params.project import load_params
from stages import run


def main() -> None:
    params = load_params()
    images = images_path(Path(params.corpus.path), params.corpus.images)
    write_regions(paths.REGIONS, params.regions, params.compute, paths.IMAGES, images)


if __name__ == "__main__":
    run(main)
