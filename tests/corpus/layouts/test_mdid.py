import json
from pathlib import Path
from typing import Any

import pytest

from pipeline.corpus.checks.prepare import prepare_corpus
from pipeline.corpus.layouts.mdid import read
from pipeline.corpus.pairs import Pair
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams
from tests.corpus.small_corpus import corpus_params, prepare_params
from tests.images.drawn import drawn_image, zip_of


def record(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "id": f"{number}_n",
        "semiotic": "parallel",
        "intent": "promote",
        "contextual": "close",
        "caption": f"caption {number}",
        "orig_caption": "",
        "tags": [],
        "url": "",
        "likes": 1,
    } | changes


def mdid(folder: Path, train: object, val: object, **changes: Any) -> CorpusParams:
    for name, records in (("train", train), ("val", val)):
        (folder / f"{name}_split_3.json").write_text(json.dumps(records))
    labels = ["minimal", "close", "transcendent"]
    values = {"layout": "mdid", "mdid_split": 3, "labels": labels}
    return corpus_params(folder, **values | changes)


def ids(pairs: list[Pair], split: str) -> list[str]:
    return [pair.id for pair in pairs if pair.split == split]


def test_val_is_test_and_dev_is_a_share_of_train(tmp_path: Path) -> None:
    train = [record(n) for n in range(1000)]
    val = [record(n) for n in range(1000, 1010)]

    pairs = read(mdid(tmp_path, train, val))

    assert ids(pairs, "test") == [record["id"] for record in val]
    assert 70 < len(ids(pairs, "dev")) < 130
    assert sorted(ids(pairs, "train") + ids(pairs, "dev")) == sorted(r["id"] for r in train)
    assert [pair.split for pair in pairs] == sorted(
        (pair.split for pair in pairs), key=["train", "dev", "test"].index
    )


def test_who_is_in_dev_depends_on_nothing_but_the_id(tmp_path: Path) -> None:
    train = [record(n) for n in range(200)]
    all_of_them = ids(read(mdid(tmp_path, train, [record(999)])), "dev")
    half = ids(read(mdid(tmp_path, train[150:49:-1], [record(999)])), "dev")

    assert half == [identifier for identifier in reversed(all_of_them) if identifier in set(half)]
    assert len(half) > 3


@pytest.mark.parametrize(
    ("task", "label"), [("contextual", "close"), ("semiotic", "parallel"), ("intent", "promote")]
)
def test_each_of_the_three_label_sets(tmp_path: Path, task: str, label: str) -> None:
    params = mdid(tmp_path, [record(2)], [record(3)], mdid_task=task)

    assert read(params)[0] == Pair(
        "2_n", "train", label, "2_n", "caption 2", "train_split_3.json record 1"
    )


@pytest.mark.parametrize(
    "harm",
    [{"caption": None}, {"id": 7}, {"contextual": ["close"]}, {"caption": float("nan")}],
)
def test_records_without_text_are_refused(tmp_path: Path, harm: dict[str, Any]) -> None:
    params = mdid(tmp_path, [record(2), record(3, **harm)], [record(4)])

    with pytest.raises(UserError, match=r"train_split_3\.json: records without .*\n  record 2: "):
        read(params)


@pytest.mark.parametrize("val", [{"a": 1}, "text", [[1]], [None]])
def test_other_json_is_refused(tmp_path: Path, val: object) -> None:
    with pytest.raises(UserError, match=r"val_split_3\.json"):
        read(mdid(tmp_path, [record(2)], val))


@pytest.mark.parametrize("text", ["[{]", "[" * 100_000, ""])
def test_what_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    params = mdid(tmp_path, [], [])
    (tmp_path / "train_split_3.json").write_text(text)

    with pytest.raises(UserError, match=r"train_split_3\.json is not JSON"):
        read(params)


def test_prepare_runs_with_images_named_by_id(tmp_path: Path) -> None:
    train = [record(n, contextual="minimal") for n in range(40)] + [record(40, caption="")]
    val = [record(41, caption="half a \ud83d smile")]
    zip_of(tmp_path / "image.zip", {f"imgs/{n}_n.jpg": drawn_image(n) for n in range(42)})

    prepared = prepare_corpus(mdid(tmp_path, train, val), prepare_params())

    assert prepared.report["pairs"]["test"] == {
        "minimal": 0,
        "close": 1,
        "transcendent": 0,
        "total": 1,
    }
    assert prepared.report["images"]["ok"] == 42
    assert prepared.report["texts"]["empty"] == 1
    assert prepared.texts["words"].iloc[-1] == ["half", "a", "\N{REPLACEMENT CHARACTER}", "smile"]


def test_without_images_it_runs_if_that_many_may_be_missing(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    params = mdid(tmp_path, [record(n) for n in range(40)], [record(40)], images="images")

    with pytest.raises(UserError, match="missing or unreadable images, of 41"):
        prepare_corpus(params, prepare_params(max_bad_images=40))
    prepared = prepare_corpus(params, prepare_params(max_bad_images=41))
    assert prepared.images["status"].tolist() == ["missing"]
    assert len(prepared.pairs) == 41
