"""Project image features to their principal components, the same for every model."""

import pandas as pd

from pipeline import paths as project
from pipeline.features.store import RegionFeatures, SceneFeatures
from pipeline.params.studies import load_study_params
from pipeline.studies.reduce import reduce_regions, reduce_scenes
from stages import run
from stages.studies import paths


def main() -> None:
    components = load_study_params().components
    pairs = pd.read_parquet(project.PAIRS)
    train = pairs["image_key"][pairs["split"] == "train"].tolist()
    reduce_regions(paths.REGIONS, RegionFeatures.read(project.REGIONS), train, components)
    reduce_scenes(paths.SCENES, SceneFeatures.read(project.SCENES), train, components)


if __name__ == "__main__":
    run(main)
