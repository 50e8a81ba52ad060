"""The eight themes of themes.yaml: a place, the object types found there, and words for both."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, TypeAdapter
from ruamel.yaml import YAML

_HERE = Path(__file__).parent


class YamlModel(BaseModel):
    """Part of a YAML file beside this module."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class ObjectType(YamlModel):
    """One type of object, e.g. `umbrella`; themes.yaml explains the fields."""

    aspect: float
    foot: tuple[float, float]
    height: tuple[float, float]
    tilt: float = 0.0
    colors: tuple[str, ...]  # names of colors.NAMED


class Theme(YamlModel):
    """One theme. An object type belongs to one theme only, so every object tells its theme."""

    inside: str
    place: str
    lights: dict[str, str]  # by mood
    words: frozenset[str]
    objects: dict[str, ObjectType]

    @property
    def object_types(self) -> tuple[str, ...]:
        """The names of its object types."""
        return tuple(self.objects)


def read_yaml(name: str) -> object:
    """The content of a YAML file beside this module."""
    content: object = YAML(typ="safe", pure=True).load((_HERE / name).read_text("utf-8"))
    return content


THEMES = TypeAdapter(dict[str, Theme]).validate_python(read_yaml("themes.yaml"))
OBJECT_TYPES = {name: spec for theme in THEMES.values() for name, spec in theme.objects.items()}
