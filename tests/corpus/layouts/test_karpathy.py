"""The dataset.json of Karpathy and Fei-Fei's splits."""

import json
from pathlib import Path

import pytest

from pipeline.corpus.layouts.karpathy import read
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams
from tests.tiny import tiny_params


@pytest.fixture
def corpus(tmp_path: Path) -> CorpusParams:
    return tiny_params().corpus.model_copy(update={"path": str(tmp_path), "layout": "karpathy"})


def write(corpus: CorpusParams, text: str) -> None:
    (Path(corpus.path) / "dataset.json").write_text(text)


def test_a_pair_per_caption_and_restval_is_train(corpus: CorpusParams) -> None:
    images = [
        {"split": split, "filename": f"{i}.jpg", "imgid": i, "sentences": [{"raw": f"No {i}. "}]}
        for i, split in enumerate(["test", "train", "val", "restval"])
    ]
    images[1]["sentences"] = [{"raw": "One."}, {"raw": "Uno."}]
    write(corpus, json.dumps({"images": images}))
    assert [(p.id, p.split, p.image, p.text, p.label) for p in read(corpus)] == [
        ("1#0", "train", "1.jpg", "One.", "match"),
        ("1#1", "train", "1.jpg", "Uno.", "match"),
        ("3#0", "train", "3.jpg", "No 3.", "match"),
        ("2#0", "dev", "2.jpg", "No 2.", "match"),
        ("0#0", "test", "0.jpg", "No 0.", "match"),
    ]


IMAGE = {"split": "train", "filename": "a.jpg", "imgid": 1, "sentences": [{"raw": "A."}]}


@pytest.mark.parametrize(
    "change",
    [
        {"sentences": None},
        {"sentences": {}},
        {"sentences": ["A."]},
        {"sentences": [{}]},
        {"sentences": [{"raw": 7}]},
        {"filename": 7},
        {"filename": None},
        {"imgid": "1"},
        {"imgid": True},
        {"imgid": 10**30},
        {"split": ["train"]},
        {"split": None},
    ],
)
def test_an_image_with_missing_or_huge_values_is_named(
    corpus: CorpusParams, change: dict[str, object]
) -> None:
    write(corpus, json.dumps({"images": [IMAGE | change]}))
    with pytest.raises(UserError, match=r"dataset\.json: images w"):
        read(corpus)


def test_half_a_character_becomes_one_that_files_can_hold(corpus: CorpusParams) -> None:
    write(corpus, json.dumps({"images": [IMAGE | {"sentences": [{"raw": "A \ud83d."}]}]}))
    assert [pair.text for pair in read(corpus)] == ["A \ufffd."]


DIGITS = '{"images": [{"imgid": ' + "9" * 5000 + "}]}"


@pytest.mark.parametrize(
    "text", [DIGITS, "[" * 100_000, "{", "[]", '{"images": [1]}', '{"photos": []}']
)
def test_a_foreign_json_file_is_refused(corpus: CorpusParams, text: str) -> None:
    write(corpus, text)
    with pytest.raises(UserError, match=r"dataset\.json is not a JSON object with a list"):
        read(corpus)


def test_an_image_of_another_split_is_named(corpus: CorpusParams) -> None:
    write(corpus, json.dumps({"images": [{"split": "tset", "filename": "a.jpg"}]}))
    with pytest.raises(UserError, match=r"image 0: .*tset"):
        read(corpus)
