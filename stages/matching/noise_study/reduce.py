"""Project region features to their principal components, the same for every run."""

from pipeline import paths as project
from pipeline.features.store import RegionFeatures
from pipeline.matching.captions.captions import CaptionSet
from pipeline.matching.reduce import reduce_regions
from pipeline.params.matching import load_noise_study_params
from stages import run
from stages.matching import paths as matching
from stages.matching.noise_study import paths


def main() -> None:
    images = CaptionSet.read(matching.PAIRS).splits["train"].images
    components = load_noise_study_params().components
    reduce_regions(paths.REGIONS, RegionFeatures.read(project.REGIONS), images, components)


if __name__ == "__main__":
    run(main)
