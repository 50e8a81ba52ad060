"""Which keywords belong to which image of a corpus."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.errors import UserError
from pipeline.features.store import SceneFeatures
from pipeline.search.features.keywords import read_keywords_of, write_keyword_arrays
from pipeline.search.features.visual import Visual
from pipeline.search.mining.corpus import DistinctImages, keyword_places, write_mined
from pipeline.search.mining.keyword_files import KeywordList
from pipeline.search.mining.queries import Queries
from tests.search.tiny import tiny_params

TABLE = pd.DataFrame(
    {
        "key": ["A", "B", "C"],
        "split": ["train", "test", "train"],
        "id": ["12#0", "5#3", "7#1"],
        "name": ["x/img12.jpg", "00000005.jpg", "no-number.png"],
    }
)


def named(name: str, *names: str) -> KeywordList:
    return KeywordList(name, np.arange(len(names)), names, np.array(["train"] * len(names)), list)


def places(layout: str, *lists: KeywordList) -> list[list[object]]:
    return keyword_places(layout, TABLE, lists).to_numpy().tolist()


def test_coco_goes_by_imgid() -> None:
    assert places("karpathy", named("coco")) == [
        ["A", "coco", 12],
        ["B", "coco", 5],
        ["C", "coco", 7],
    ]


def test_clickture_goes_by_the_number_in_the_file_name_and_the_split() -> None:
    lite, dev = named("lite"), named("dev")
    assert places("clicks", lite, dev) == [["A", "lite", 12], ["B", "dev", 5], ["C", "lite", -1]]
    assert places("clicks", lite) == [["A", "lite", 12], ["B", "lite", -1], ["C", "lite", -1]]


def test_any_other_goes_by_pair() -> None:
    images = named("images", "5#3", "12#0")
    assert [row[2] for row in places("csv", images)] == [1, 0, -1]


def test_keywords_are_found_again(tmp_path: Path) -> None:
    arrays = [(2, ["dog", "cat", "dog"]), (5, ["cat"])]
    write_keyword_arrays(tmp_path / "own", arrays, ["cat", "dog"], False)
    table = pd.DataFrame({"list": "own", "number": [5, 2, 0, -1, 99]})
    found = [own.tolist() for own in read_keywords_of(tmp_path, table)]
    assert found == [[0], [1, 0, 1], [], [], []]


def mined(folder: Path, unreadable: int, folds: int = 2) -> list[list[int]]:
    """The keywords of eight images that are red or blue, of which the last two are test."""
    colors = np.array([0, 1] * 4)
    vectors = np.eye(2, dtype=np.float16)[colors][:, None]  # (8, 1, 2)
    mask = np.ones((8, 1), np.bool_)
    mask[unreadable] = False
    keys = [f"p{i}" for i in range(8)]
    status = np.zeros(8, np.uint8)
    scenes = SceneFeatures(
        Path("scenes.h5"), np.array(keys, "S64"), {}, vectors[:, 0], vectors, status, (1, 1)
    )
    splits = ["train"] * 6 + ["test"] * 2
    shown = pd.DataFrame(
        {
            "split": splits,
            "query_key": ["red" if color == 0 else "blue" for color in colors],
            "image_key": keys,
            "clicks": 1,
        }
    )
    table = pd.DataFrame({"key": keys, "name": keys, "split": splits, "id": keys})
    images = DistinctImages(table, Visual("scenes", scenes, vectors, mask))
    params = tiny_params().keywords.model_copy(
        update={"min_df": 1, "per_image": 1, "ridge": 0.01, "folds": folds}
    )
    queries = Queries(shown, {"red": ["red"], "blue": ["blue"]})
    report = write_mined(folder, queries, images, params)
    assert report["images_without_keywords"] == 1
    places = pd.read_parquet(folder / "images.parquet")
    return [own.tolist() for own in read_keywords_of(folder, places)]


def test_mined_keywords_are_predicted_from_the_image(tmp_path: Path) -> None:
    found = mined(tmp_path, unreadable=6)
    # Words are numbered by the alphabet: blue, red. The test image that can be read is blue.
    assert found == [[1], [0], [1], [0], [1], [0], [], [0]]


def test_a_train_image_that_cannot_be_read_has_no_keywords_either(tmp_path: Path) -> None:
    assert mined(tmp_path, unreadable=0)[0] == []


def test_too_few_images_to_learn_from_are_counted(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"5 images of the train split .* keywords\.folds = 6"):
        mined(tmp_path, unreadable=3, folds=6)
