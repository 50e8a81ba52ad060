"""Which keywords belong to which picture of a corpus."""

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.search.data import read_keywords_of
from pipeline.search.keyword_files import KeywordList
from pipeline.search.keywords import write_keyword_arrays
from pipeline.search.pictures import keyword_places

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
    pictures = named("pictures", "5#3", "12#0")
    assert [row[2] for row in places("csv", pictures)] == [1, 0, -1]


def test_keywords_are_found_again(tmp_path: Path) -> None:
    arrays = [(2, ["dog", "cat", "dog"]), (5, ["cat"])]
    write_keyword_arrays(tmp_path / "own", arrays, ["cat", "dog"], False)
    table = pd.DataFrame({"list": "own", "number": [5, 2, 0, -1, 99]})
    found = [own.tolist() for own in read_keywords_of(tmp_path, table)]
    assert found == [[0], [1, 0, 1], [], [], []]
