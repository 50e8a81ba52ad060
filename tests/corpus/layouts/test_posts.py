"""Posts without labels."""

from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from pipeline.corpus.checks.prepare import prepare_corpus
from pipeline.corpus.layouts.posts import read
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams
from tests.corpus.small_corpus import corpus_params, prepare_params
from tests.images.drawn import drawn_image, zip_of

NAMES = [f"{number}.png" for number in range(40)]
# Those of the forty whose sha1, read as a number, ends in the digit 0.
DEV = [name for name in NAMES if str(int.from_bytes(sha1(name.encode()).digest()))[-1] == "0"]


def posts(folder: Path, table: str, **changes: Any) -> CorpusParams:
    (folder / "posts.csv").write_text(table, encoding="utf-8")
    zip_of(folder / "image.zip", {name: drawn_image(n) for n, name in enumerate(NAMES)})
    labels = ["match", "no-match"]
    return corpus_params(folder, **{"layout": "posts", "labels": labels} | changes)


def table(names: list[str]) -> str:
    return "".join(["image,text\n", *(f"{name},about {name}\n" for name in names)])


def test_a_share_of_the_images_is_dev(tmp_path: Path) -> None:
    pairs = read(posts(tmp_path, table(NAMES)))

    train = [name for name in NAMES if name not in DEV]
    assert [pair.image for pair in pairs] == [*train, *DEV]
    assert [pair.split for pair in pairs] == ["train"] * len(train) + ["dev"] * len(DEV)
    assert 0 < len(DEV) < 10
    assert {pair.label for pair in pairs} == {"match"}


def test_a_repeated_image_is_in_one_split_wherever_it_stands(tmp_path: Path) -> None:
    pairs = read(posts(tmp_path, table([*NAMES, *reversed(NAMES)])))

    assert {pair.image for pair in pairs if pair.split == "dev"} == {*DEV}
    assert {pair.image for pair in pairs if pair.split == "train"} == {*NAMES} - {*DEV}


def test_without_a_column_of_ids_rows_are_counted(tmp_path: Path) -> None:
    rows = 'image,text\n0.png,"two\nlines"\n\n1.png,\n'

    pairs = sorted(read(posts(tmp_path, rows)), key=lambda pair: pair.id)

    assert [(p.id, p.image, p.text, p.where) for p in pairs] == [
        ("1", "0.png", "two\nlines", "posts.csv line 2"),
        ("2", "1.png", "", "posts.csv line 5"),
    ]


def test_columns_are_those_of_the_params(tmp_path: Path) -> None:
    columns = {"id": "key", "image": "file", "text": "post", "label": "label"}
    rows = "post,key,other,file\nhello, a ,x, 0.png \n"

    (pair,) = read(posts(tmp_path, rows, columns=columns))

    assert (pair.id, pair.image, pair.text) == ("a", "0.png", "hello")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("image,texts\n0.png,x\n", r"corpus\.columns\.text = 'text' .* did you mean 'texts'"),
        ("id,id,image,text\n1,1,0.png,x\n", "column 'id' is there twice"),
        ("image,text\n0.png\n", r"posts\.csv: rows without 2 cells.*\n  line 2"),
        ("image,text\n", r"posts\.csv has no rows"),
    ],
)
def test_faults_are_named(tmp_path: Path, rows: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(posts(tmp_path, rows))


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"posts\.csv: no such file"):
        read(corpus_params(tmp_path, layout="posts"))


def test_they_are_prepared_where_no_test_split_is_needed(tmp_path: Path) -> None:
    prepared = prepare_corpus(posts(tmp_path, table(NAMES)), prepare_params(), ("train", "dev"))

    totals = {split: counts["total"] for split, counts in prepared.report["pairs"].items()}
    assert totals == {"train": 40 - len(DEV), "dev": len(DEV), "test": 0}


def test_two_posts_of_one_id_and_one_without_image_are_refused(tmp_path: Path) -> None:
    twice = "id,image,text\n" + "".join(f"same,{name},x\n" for name in (*DEV, NAMES[0]))
    nameless = table([*NAMES, ""])

    for rows, message in ((twice, "ids that occur twice"), (nameless, "line 42: no image")):
        with pytest.raises(UserError, match=message):
            prepare_corpus(posts(tmp_path, rows), prepare_params(), ("train", "dev"))


def test_the_main_pipeline_refuses_them_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        prepare_corpus(posts(tmp_path, table(NAMES)), prepare_params())
    assert str(error.value) == (
        "corpus.layout = 'posts' has no labels and no test split; it is for pretraining only"
    )
