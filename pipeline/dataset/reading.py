"""Read and join the pairs and features that earlier stages wrote."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline import paths
from pipeline.dataset.arrays import FeatureFiles
from pipeline.dataset.pairs import PairFeatures
from pipeline.errors import not_made
from pipeline.features.store import BertFeatures, GloveFeatures, RegionFeatures, SceneFeatures
from pipeline.models.classifier import REGION_NAMES, SCENE_NAMES
from pipeline.params.project import ModelParams


def load_pairs(
    labels: Sequence[str],
    model: ModelParams,
    pairs: Path = paths.PAIRS,
    regions: Path = paths.REGIONS,
    glove: Path = paths.GLOVE,
    bert: Path = paths.BERT,
    scenes: Path = paths.SCENES,
    names: Sequence[str] | None = None,
    memory: int | None = None,
) -> PairFeatures:
    """All pairs with the features that a model reads.

    labels: class names; a class is the index of its name here. model: names the word vectors and
    the order of regions. names: the image features to load, see `features_of`; by default those of
    AnANet with this `model`. memory: bytes in place of the machine's, which decide how batches are
    drawn.

    Raises:
        UserError: a file is missing, or the files do not fit together.
    """
    table, names = _read_table(pairs), names or ananet_names(model)
    files = read_files(model, regions, glove, bert, scenes, names)
    return PairFeatures.join(table, labels, files, model.region_order, names, memory)


def read_files(
    model: ModelParams,
    regions: Path = paths.REGIONS,
    glove: Path = paths.GLOVE,
    bert: Path = paths.BERT,
    scenes: Path = paths.SCENES,
    names: Sequence[str] | None = None,
) -> FeatureFiles:
    """The files with the features that a model reads; arguments are those of `load_pairs`.

    Raises:
        UserError: a file is missing or damaged.
    """
    names = names or ananet_names(model)
    return FeatureFiles(
        regions=RegionFeatures.read(regions) if "regions" in names else None,
        words=_read_words(model.text, glove, bert),
        scenes=SceneFeatures.read(scenes) if {*SCENE_NAMES} & {*names} else None,
    )


def ananet_names(model: ModelParams) -> tuple[str, ...]:
    """The names of the image features that AnANet reads."""
    return REGION_NAMES if model.scenes == "none" else (*REGION_NAMES, *SCENE_NAMES)


def _read_table(path: Path) -> pd.DataFrame:
    if not path.exists():
        raise not_made(path)
    return pd.read_parquet(path)


def _read_words(text: str, glove: Path, bert: Path) -> list[GloveFeatures | BertFeatures]:
    """The files of word vectors that `model.text` names, in the order of concatenation."""
    words: list[GloveFeatures | BertFeatures] = []
    if "glove" in text:
        words.append(GloveFeatures.read(glove))
    if "bert" in text:
        words.append(BertFeatures.read(bert))
    return words
