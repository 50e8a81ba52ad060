"""Files of every earlier format are read; those of a newer one, and damaged ones, are refused."""

import json
from pathlib import Path
from typing import Any

import pytest
from torch import nn

from pipeline.errors import UserError
from pipeline.models.saved import save_model
from pipeline.params.base import Count, Section
from pipeline.params.formats import Added, Renamed, numbered, read_settings


class Tower(Section):
    width: Count
    bias: bool


class Settings(Section):
    per_image: Count
    tower: Tower


class Derived(Settings):
    labels: list[str]


CHANGES = (
    Renamed("Settings", "per_picture", "per_image"),
    Added("Elsewhere", "per_image", 9),
    Added("Derived", "labels", ["no", "yes"]),
    Added("Settings", "tower.bias", True),
)
TODAY = Settings(per_image=3, tower=Tower(width=2, bias=False))


def read(tmp_path: Path, raw: Any, kind: type[Section] = Settings) -> Section:
    path = tmp_path / "config.json"
    path.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    return read_settings(kind, path, CHANGES)


@pytest.mark.parametrize(
    "raw",
    [
        {"per_picture": 3, "tower": {"width": 2}},
        {"format": 1, "per_picture": 3, "tower": {"width": 2}},
        {"format": 2, "per_image": 3, "tower": {"width": 2}},
        {"format": 3, "per_image": 3, "tower": {"width": 2, "bias": True}},
    ],
)
def test_older_files_mean_what_they_meant(raw: dict[str, Any], tmp_path: Path) -> None:
    expected = Settings(per_image=3, tower=Tower(width=2, bias=True))
    assert read(tmp_path, raw) == expected


def test_changes_of_a_class_are_those_of_its_subclasses(tmp_path: Path) -> None:
    old = {"format": 2, "per_image": 3, "tower": {"width": 2}}
    found = read(tmp_path, old, Derived)
    assert numbered(found, CHANGES) == {
        "format": 4,
        "per_image": 3,
        "tower": {"width": 2, "bias": True},
        "labels": ["no", "yes"],
    }


def test_a_section_added_and_then_changed_is_read_every_time(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"per_image": 3}')
    changes = (
        Added("Settings", "tower", {"size": 2, "bias": True}),
        Renamed("Settings", "tower.size", "tower.width"),
    )
    for _ in range(2):
        found = read_settings(Settings, tmp_path / "config.json", changes)
        assert found.tower == Tower(width=2, bias=True)


def test_what_this_version_writes_it_reads(tmp_path: Path) -> None:
    raw = numbered(TODAY, CHANGES)
    assert raw["format"] == 3
    assert read(tmp_path, raw) == TODAY


def test_a_newer_format_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        read(tmp_path, {**numbered(TODAY, CHANGES), "format": 4, "unheard_of": 1})
    assert str(error.value) == (
        f"{tmp_path}/config.json has format 4, but this version reads formats up to 3;"
        " use the version that wrote it, or a later one"
    )


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        # A file of a format has its keys; only older ones may lack them.
        ({"format": 3, "per_image": 3, "tower": {"width": 2}}, r"tower\.bias: is missing"),
        ({"format": 2, "per_picture": 3, "tower": {"width": 2}}, "per_image: is missing"),
        ({"per_picture": 3, "tower": 7}, "tower"),
        ({"tower": {"width": 2}}, "per_image: is missing"),
        ({**numbered(TODAY, CHANGES), "per_picture": 3}, "per_picture: no such parameter"),
        ({**numbered(TODAY, CHANGES), "format": "3"}, "format = '3'"),
        ({**numbered(TODAY, CHANGES), "format": True}, "format = True"),
        ({**numbered(TODAY, CHANGES), "format": 0}, "format = 0"),
        ([1, 2], "holds no JSON object"),
        ("per_image: 3", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ('{"format": ' + "9" * 5000 + "}", "not valid JSON"),
    ],
)
def test_damaged_files_are_refused(raw: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=rf"config\.json(.|\n)*{message}"):
        read(tmp_path, raw)


def test_config_is_written_as_this_text(tmp_path: Path) -> None:
    class Config(Section):
        labels: list[str]
        eps: float

    save_model(tmp_path, nn.Linear(1, 1), Config(labels=["ja: 🙂"], eps=1e-5))
    assert (tmp_path / "config.json").read_text(encoding="utf-8") == (
        '{\n  "format": 1,\n  "labels": [\n    "ja: 🙂"\n  ],\n  "eps": 0.00001\n}\n'
    )
