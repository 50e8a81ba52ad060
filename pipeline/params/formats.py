"""The JSON files of a model's folder, in the format of this version and of every earlier one.

The key `format` has the number of a file's format; without it, the format is 1. A key that an
older file lacks gets the value that keeps the behaviour of the version that wrote it.
"""

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import UserError
from pipeline.params.base import Section, SectionT, check_section
from pipeline.paths import ANANET, MODELS

_FORMAT = "format"
# What makes the models below a folder.
_COMMANDS = {
    ANANET: "dvc repro",
    MODELS / "matching": "python -m stages repro stages/matching/dvc.yaml",
    MODELS / "amc": "python -m stages repro stages/search/dvc.yaml",
}


@dataclass(frozen=True)
class Added:
    """A new key, and the value that keeps the behaviour of versions without it.

    For example Added("EncoderSettings", "regions.overlap", 0.5): `settings` names the class that
    reads the file, or one that it is derived from.
    """

    settings: str
    key: str
    value: Any

    def apply(self, raw: dict[str, Any]) -> None:
        section, name = _place(raw, self.key)
        # A copy, since a later change may rename its keys.
        section.setdefault(name, deepcopy(self.value))


@dataclass(frozen=True)
class Renamed:
    """A key that was renamed or moved to another section; both dotted."""

    settings: str
    old: str
    new: str

    def apply(self, raw: dict[str, Any]) -> None:
        section, name = _place(raw, self.old)
        if name in section:
            value = section.pop(name)
            section, name = _place(raw, self.new)
            section[name] = value


Change = Added | Renamed

# Oldest first. Each line makes a new format of its files, so lines are only ever appended.
CHANGES: tuple[Change, ...] = (
    Renamed("SearchEncoders", "per_picture", "per_image"),
    Added("AnANetConfig", "model.vote_norm", "none"),
    Added("AnANetConfig", "model.pretrained", "none"),
    Added("AnANetConfig", "association.product", False),
    Added("AnANetConfig", "alignment.summary", False),
    Added("AnANetConfig", "model.scenes", "none"),
    Added("AnANetConfig", "scene", {"pooled": 0, "grid": 0, "cells": 0}),
    Added(
        "AnANetEncoders",
        "scenes",
        {"encoder": "efficientnet_lite0", "weights": None, "device": "auto"},
    ),
    Added("AnANetConfig", "loss.classification", "cross_entropy"),
    Added("AnANetConfig", "loss.focal_gamma", 2.0),
    Added("SearchEncoders", "prepare.max_pixels", 89_478_485),
    Added("MatchingConfig", "model.attention_start", "pytorch"),
)


def numbered(settings: Section, changes: Sequence[Change] = CHANGES) -> dict[str, Any]:
    """The values of a file that holds these settings, its format first."""
    number = 1 + len(_changes_of(type(settings), changes))
    return {_FORMAT: number, **settings.model_dump(by_alias=True)}


def read_settings(
    kind: type[SectionT], path: Path, changes: Sequence[Change] = CHANGES
) -> SectionT:
    """Read a file that this version or an earlier one wrote.

    Raises:
        UserError: the file is missing or no JSON, its format is newer than this version's, or a
            value is wrong.
    """
    raw = _read_object(path)
    relevant = _changes_of(kind, changes)
    number = raw.pop(_FORMAT, 1)
    if type(number) is not int or number < 1:
        raise UserError(f"{path}: format = {number!r}: should be a whole number from 1")
    if number > 1 + len(relevant):
        raise UserError(
            f"{path} has format {number}, but this version reads formats up to {1 + len(relevant)};"
            " use the version that wrote it, or a later one"
        )
    for change in relevant[number - 1 :]:
        change.apply(raw)
    return check_section(kind, raw, str(path))


def _read_object(path: Path) -> dict[str, Any]:
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} not found; {_how_to_train(path.parent)}") from None
    except (ValueError, RecursionError) as error:
        raise UserError(f"{path} is not valid JSON in UTF-8: {error}") from None
    if not isinstance(raw, dict):
        raise UserError(f"{path} holds no JSON object")
    return raw


def _how_to_train(folder: Path) -> str:
    """What makes the model of a folder, for a message that it is not there."""
    for made, command in _COMMANDS.items():
        if made in (folder, *folder.parents):
            return f"train the model first: {command}"
    return f"give the folder of a trained model, such as {ANANET}"


def _changes_of(kind: type[Section], changes: Sequence[Change]) -> list[Change]:
    names = {base.__name__ for base in kind.__mro__}
    return [change for change in changes if change.settings in names]


def _place(raw: dict[str, Any], key: str) -> tuple[dict[str, Any], str]:
    """The section that a dotted key lies in, and its name there."""
    *sections, name = key.split(".")
    found: Any = raw
    for section in sections:
        found = found.get(section)
        if not isinstance(found, dict):  # a damaged file: the check of its values reports it
            return {}, name
    return found, name
