"""How a model's inputs were made, kept beside it."""

import json
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.models.saved import AnANetEncoders, EncoderSettings, digests_of
from pipeline.search.data.settings import SearchEncoders
from tests.search.tiny import tiny_params as search_params
from tests.tiny import tiny_params

FINGERPRINTS = {"bert.h5": {"encoder": "bert", "values": {"layer": 6, "markers": {"🙂": "url"}}}}
PARAMS = tiny_params(
    {"regions.input": "square224", "prepare.tokenizer": "plain", "glove.vectors": "é 🙂.txt"}
)
OF_ANANET = AnANetEncoders.of(PARAMS, FINGERPRINTS)
OF_SEARCH = SearchEncoders.of(PARAMS, search_params(), FINGERPRINTS)
both = pytest.mark.parametrize("settings", [OF_ANANET, OF_SEARCH], ids=["ananet", "search"])


@both
def test_settings_come_back_as_saved(settings: EncoderSettings, tmp_path: Path) -> None:
    settings.save(tmp_path)
    assert type(settings).load(tmp_path, digests_of(FINGERPRINTS)) == settings
    formats = {AnANetEncoders: 2, SearchEncoders: 3}
    found = json.loads((tmp_path / "encoders.json").read_text())["format"]
    assert found == formats[type(settings)]
    assert settings.regions.input == "square224"


def test_each_kind_says_how_text_was_read() -> None:
    assert OF_ANANET.tokenizer == OF_SEARCH.prepare.tokenizer == "plain"


@both
def test_folder_without_them_is_refused(settings: EncoderSettings, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"encoders\.json not found"):
        type(settings).load(tmp_path)


@both
def test_those_of_another_model_are_refused(settings: EncoderSettings, tmp_path: Path) -> None:
    settings.save(tmp_path)
    with pytest.raises(UserError, match="do not belong together"):
        type(settings).load(tmp_path, {"bert.h5": "0" * 64})


def test_files_of_another_task_are_refused(tmp_path: Path) -> None:
    OF_ANANET.save(tmp_path)
    with pytest.raises(UserError, match="tokenizer: no such parameter"):
        SearchEncoders.load(tmp_path)
