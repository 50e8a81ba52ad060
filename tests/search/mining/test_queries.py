"""Queries of captions and of click logs."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pipeline.errors import UserError
from pipeline.features.texts import text_key
from pipeline.search.mining.queries import Queries, read_queries
from tests.tiny import tiny_params

DOG, CAT = ["a", "dog"], ["cat"]
TEXTS = {text_key(words): words for words in (DOG, CAT)}
PAIRS = pd.DataFrame(
    {
        "id": ["1", "2", "3", "4"],
        "split": ["train", "train", "train", "test"],
        "text_key": [text_key(DOG), text_key(DOG), text_key(CAT), text_key(DOG)],
        "image_key": ["A", "B", "A", "C"],
    }
)


def queries(folder: Path, layout: str, pairs: pd.DataFrame = PAIRS) -> Queries:
    params = tiny_params()
    corpus = params.corpus.model_copy(update={"path": str(folder), "layout": layout})
    return read_queries(corpus, params.prepare, pairs, TEXTS)


def rows(found: Queries) -> list[list[Any]]:
    return found.lines.to_numpy().tolist()


@pytest.mark.parametrize("layout", ["flickr8k", "karpathy"])
def test_equal_captions_of_a_split_are_one_query(tmp_path: Path, layout: str) -> None:
    found = queries(tmp_path, layout)
    assert rows(found) == [
        ["train", text_key(DOG), "A", 1],
        ["train", text_key(DOG), "B", 1],
        ["train", text_key(CAT), "A", 1],
        ["test", text_key(DOG), "C", 1],
    ]
    assert found.words == TEXTS
    assert found.train_documents() == {"A": ["a", "dog", "cat"], "B": ["a", "dog"]}


def test_clicks_are_added_up_and_no_click_teaches_nothing(tmp_path: Path) -> None:
    logs = {
        "train": ["a dog,a.jpg,2", "a dog,a.jpg,3", "cat,b.jpg,0"],
        "dev": ["cat,a.jpg,1"],
        "test": ["cat,a.jpg,1"],
    }
    for split, lines in logs.items():
        text = "\n".join(["query,image,clicks", *lines])
        (tmp_path / f"{split}_clicks.csv").write_text(text)
    pairs = pd.DataFrame(
        {
            "id": [f"train_clicks.csv#{line}" for line in (2, 3, 4)],
            "split": "train",
            "text_key": [text_key(DOG), text_key(DOG), text_key(CAT)],
            "image_key": ["A", "A", "B"],
        }
    )
    found = queries(tmp_path, "clicks", pairs)
    assert rows(found) == [["train", text_key(DOG), "A", 5], ["train", text_key(CAT), "B", 0]]
    assert found.train_documents() == {"A": DOG}


def test_the_sample_is_searched_by_its_captions(tmp_path: Path) -> None:
    line = '{"id": "1", "captions": ["A Dog.", "Two dogs."]}\n'
    (tmp_path / "truth.jsonl").write_text(line)
    found = queries(tmp_path, "csv", PAIRS[:1])
    assert rows(found) == [
        ["train", text_key(["a", "dog", "."]), "A", 1],
        ["train", text_key(["two", "dogs", "."]), "A", 1],
    ]


def test_a_corpus_without_captions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no truth\.jsonl with captions to search with"):
        queries(tmp_path, "csv")
