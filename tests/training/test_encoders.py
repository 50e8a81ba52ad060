"""How a model's inputs were made, kept beside it."""

from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.training.encoders import EncoderSettings
from tests.tiny import tiny_params

FINGERPRINTS = {"bert.h5": {"encoder": "bert", "values": {"layer": 6, "markers": {"<url>": "url"}}}}


def test_settings_come_back_as_saved(tmp_path: Path) -> None:
    params = tiny_params({"regions.input": "square224", "prepare.tokenizer": "plain"})
    settings = EncoderSettings.of(params, FINGERPRINTS)
    settings.save(tmp_path)
    assert EncoderSettings.load(tmp_path) == settings
    assert settings.tokenizer == "plain"
    assert settings.regions.input == "square224"


def test_folder_without_them_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"encoders\.json not found"):
        EncoderSettings.load(tmp_path)
