"""The phrases of the sample's texts: one set for train and dev, another for test."""

from functools import cache

from pipeline.sample.themes import YamlModel, read_yaml


class Wording(YamlModel):
    """One set of phrases and names; see wording_train.yaml."""

    naming: tuple[str, ...]  # templates with one {thing}
    openers: dict[str, tuple[str, ...]]  # by mood
    numbers: tuple[str, ...]
    tags: tuple[str, ...]
    names: dict[str, tuple[tuple[str, str], ...]]  # by object type: (singular, plural)
    places: dict[str, tuple[str, ...]]  # by theme
    feelings: dict[str, tuple[str, ...]]  # by theme
    theme_tags: dict[str, tuple[str, ...]]  # by theme


@cache
def load_wording(split: str) -> Wording:
    """The wording of a split (train, dev or test)."""
    name = "wording_test.yaml" if split == "test" else "wording_train.yaml"
    return Wording.model_validate(read_yaml(name))
