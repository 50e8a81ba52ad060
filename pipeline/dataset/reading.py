"""Read and join the pairs and features that earlier stages wrote."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline import paths
from pipeline.dataset.arrays import FeatureFiles
from pipeline.dataset.pairs import PairFeatures
from pipeline.errors import UserError
from pipeline.features.store import BertFeatures, GloveFeatures, RegionFeatures, SceneFeatures
from pipeline.params.project import ModelParams

REGION_NAMES = ("regions", "region_mask")
SCENE_NAMES = ("pooled", "grid")


def load_pairs(
    labels: Sequence[str],
    model: ModelParams,
    pairs: Path = paths.PAIRS,
    regions: Path = paths.REGIONS,
    glove: Path = paths.GLOVE,
    bert: Path = paths.BERT,
    scenes: Path = paths.SCENES,
    names: Sequence[str] = REGION_NAMES,
) -> PairFeatures:
    """All pairs with the features that a model reads.

    labels: class names; a class is the index of its name here. model: names the word vectors and
    the order of regions. names: the image features to load, see `features_of`.

    Raises:
        UserError: a file is missing, or the files do not fit together.
    """
    table = _read_table(pairs)
    scene_names = [name for name in SCENE_NAMES if name in names]
    files = FeatureFiles(
        regions=RegionFeatures.read(regions) if "regions" in names else None,
        words=read_words(model.text, glove, bert),
        scenes=SceneFeatures.read(scenes) if scene_names else None,
    )
    return PairFeatures.join(table, labels, files, model.region_order, scene_names)


def _read_table(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise UserError(f"{path} not found; run the stage that writes it (dvc repro)")
    return pd.read_parquet(path)


def read_words(
    text: str, glove: Path = paths.GLOVE, bert: Path = paths.BERT
) -> list[GloveFeatures | BertFeatures]:
    """The files of word vectors that `model.text` names, in the order of concatenation.

    Raises:
        UserError: a file is missing or damaged.
    """
    words: list[GloveFeatures | BertFeatures] = []
    if "glove" in text:
        words.append(GloveFeatures.read(glove))
    if "bert" in text:
        words.append(BertFeatures.read(bert))
    return words
