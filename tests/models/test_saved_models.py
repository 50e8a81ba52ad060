"""A model that an earlier version saved is the same model to this one."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from pipeline.errors import UserError
from pipeline.models.ananet import AnANet, AnANetConfig
from pipeline.models.matching.encoding import MatchingConfig
from pipeline.models.matching.model import MatchingModel
from pipeline.models.saved import AnANetEncoders, EncoderSettings
from pipeline.models.search.amc import AMC, AMCConfig
from pipeline.params.base import Section
from pipeline.params.formats import read_settings
from pipeline.search.data.settings import SearchEncoders
from tests.models.saved_models.recipe import FOLDER, found

# Of float32 arithmetic on another processor; the values are of order 0.1 to 1.
TOLERANCE = 1e-5
MODELS = {"ananet": AnANet, "matching": MatchingModel, "amc": AMC}
ENCODERS: dict[str, type[EncoderSettings]] = {"ananet": AnANetEncoders, "amc": SearchEncoders}
CONFIGS = {"ananet": AnANetConfig, "matching": MatchingConfig, "amc": AMCConfig}

folders = pytest.mark.parametrize(
    "folder", sorted(FOLDER.glob("*/*/")), ids=lambda folder: "/".join(folder.parts[-2:])
)


@folders
def test_saved_model_finds_what_it_found(folder: Path) -> None:
    expected = load_file(folder / "found.safetensors")
    torch.testing.assert_close(dict(found(folder)), expected, rtol=0, atol=TOLERANCE)


@folders
def test_saved_again_its_weights_are_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    MODELS[folder.name].from_pretrained(folder).save_pretrained(tmp_path)
    weights = [(place / "model.safetensors").read_bytes() for place in (folder, tmp_path)]
    assert weights[0] == weights[1]


@folders
def test_encoders_are_still_those_of_the_model(folder: Path) -> None:
    if folder.name in ENCODERS:
        digests = MODELS[folder.name].from_pretrained(folder).config.encoders
        ENCODERS[folder.name].load(folder, digests)


@folders
def test_every_key_of_today_has_a_value_in_saved_models(folder: Path) -> None:
    complain_of_new_keys(CONFIGS[folder.name], folder / "config.json")
    if folder.name in ENCODERS:
        complain_of_new_keys(ENCODERS[folder.name], folder / "encoders.json")


def test_a_new_key_is_complained_of_even_with_a_default() -> None:
    class Tomorrow(MatchingConfig):
        heads: int
        depth: int = 1

    class Defaulted(MatchingConfig):
        depth: int = 1

    for kind, key in ((Tomorrow, "heads"), (Defaulted, "depth")):
        with pytest.raises(pytest.fail.Exception, match=rf"{key}(.|\n)*append to CHANGES"):
            complain_of_new_keys(kind, FOLDER / "1" / "matching" / "config.json")


def complain_of_new_keys(kind: type[Section], path: Path) -> None:
    try:
        lacking = ", ".join(unset(read_settings(kind, path)))
    except UserError as error:
        lacking = str(error)
    if lacking:
        pytest.fail(
            f"{path} cannot be read as before: {lacking}\nFor a new parameter, append to CHANGES"
            f" in pipeline/params/formats.py a line such as\n    Added({kind.__name__!r}, <dotted"
            " key>, <the value that means the behaviour before>)\nand for a renamed one, Renamed."
        )


def unset(settings: Section, prefix: str = "") -> Iterator[str]:
    """Keys that neither the file nor a change gave a value."""
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name not in settings.model_fields_set:
            yield prefix + name
        elif isinstance(value, Section):
            yield from unset(value, f"{prefix}{name}.")
