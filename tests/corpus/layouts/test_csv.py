import csv
import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.corpus.layouts.csv import read
from pipeline.corpus.pairs import Pair
from pipeline.corpus.tables.csv import read_csv
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams
from tests.corpus.small_corpus import HEADER

Corpus = Callable[..., CorpusParams]


def read_train(params: CorpusParams) -> list[Pair]:
    return [pair for pair in read(params) if pair.split == "train"]


def test_pairs_come_as_train_dev_test_in_file_order(corpus: Corpus) -> None:
    rows = "b,2.png,two,explicit\na,1.png,one,implicit\n"

    pairs = read(corpus(train=HEADER + rows))

    assert [(pair.id, pair.split) for pair in pairs] == [
        ("b", "train"),
        ("a", "train"),
        ("dev-1", "dev"),
        ("test-1", "test"),
    ]
    assert pairs[0] == Pair("b", "train", "explicit", "2.png", "two", "train_data.csv line 2")


@pytest.mark.parametrize(
    "text",
    [
        "NA",
        "null",
        "None",
        "nan",
        "007",
        "1e5",
        "TRUE",
        "2016-01-01",
        "",
        "  spaces  ",
        'she said ""yes""',
        "two\nlines",
        "two\r\nlines",
        "an old\rMac",
        "a, comma",
        "=1+1",
        "tab\there",
        "emoji 😂",
        "line\u2028separator\x85and\x0cfeed",
    ],
)
def test_a_text_stays_as_it_is(corpus: Corpus, text: str) -> None:
    table = f'{HEADER}a,1.png,"{text}",explicit\r\nb,2.png,next,implicit\r\n'

    first, second = read_train(corpus(train=table))

    assert first.text == text.replace('""', '"')
    assert (second.id, second.image, second.text, second.label) == (
        "b",
        "2.png",
        "next",
        "implicit",
    )


CELLS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    min_size=3,
    max_size=3,
)


@given(rows=st.lists(CELLS, min_size=1, max_size=4))
def test_any_cells_that_are_written_as_csv_are_read_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]]
) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([["a", "b", "c"], *rows])
    path = tmp_path_factory.mktemp("csv") / "a.csv"
    path.write_bytes(buffer.getvalue().encode())

    assert [cells for _, cells in read_csv(path, "utf-8").rows] == rows


def test_white_space_around_ids_names_and_labels_is_stripped(corpus: Corpus) -> None:
    table = " id ,image, text,label\n a , 1.png , x ,explicit \n"

    (pair,) = read_train(corpus(train=table))

    assert (pair.id, pair.image, pair.text, pair.label) == ("a", "1.png", " x ", "explicit")


def test_columns_may_have_any_name_and_order_among_others(corpus: Corpus) -> None:
    columns = {"id": "tweet", "image": "tweet", "text": "Text (en)", "label": "class"}
    tables = dict.fromkeys(("train", "dev", "test"), "class,x,Text (en),tweet\n0,,hi,12\n")

    (pair,) = read_train(corpus(params={"columns": columns}, **tables))

    assert (pair.id, pair.image, pair.text, pair.label) == ("12", "12", "hi", "0")


def test_blank_lines_are_skipped(corpus: Corpus) -> None:
    pairs = read_train(corpus(train=f"{HEADER}\na,1.png,x,explicit\n\nb,1.png,y,explicit\n\n"))

    assert [(pair.id, pair.where) for pair in pairs] == [
        ("a", "train_data.csv line 3"),
        ("b", "train_data.csv line 5"),
    ]


def test_lines_are_counted_through_texts_of_several_lines(corpus: Corpus) -> None:
    table = f'{HEADER}a,1.png,"one\ntwo\nthree",explicit\nb,1.png,y,explicit\n'

    assert read_train(corpus(train=table))[1].where == "train_data.csv line 5"


def test_rows_of_another_width_are_never_shifted(corpus: Corpus) -> None:
    rows = ["a,1.png,one, two,explicit", "b,1.png,a", "break,explicit", "c,1.png,fine,explicit"]

    with pytest.raises(UserError) as error:
        read_train(corpus(train=HEADER + "\n".join(rows)))
    message = str(error.value)
    assert "train_data.csv: rows without 4 cells, as the header has (3)" in message
    assert "line 2: 5 cells" in message
    assert "line 3: 3 cells, beginning 'b'" in message
    assert "line 4: 2 cells" in message


def test_an_unquoted_carriage_return_does_not_shift_rows(corpus: Corpus) -> None:
    with pytest.raises(UserError, match="line 2: 3 cells"):
        read_train(corpus(train=f"{HEADER}a,1.png,one\rtwo,explicit\n"))


@pytest.mark.parametrize(
    "row",
    ['b,1.png,"he said" yes,explicit\n', 'b,1.png,"never closed,explicit\nc,1.png,x,explicit\n'],
)
def test_broken_quotes_are_named_by_line(corpus: Corpus, row: str) -> None:
    with pytest.raises(UserError, match=r"train_data\.csv, row that begins in line 3: .*quote"):
        read_train(corpus(train=f"{HEADER}a,1.png,x,explicit\n{row}"))


@pytest.mark.parametrize("table", ["", "\n", HEADER])
def test_a_table_without_rows_is_refused(corpus: Corpus, table: str) -> None:
    with pytest.raises(UserError, match=r"dev_data\.csv has no rows"):
        read(corpus(dev=table))


def test_a_missing_table_is_named(corpus: Corpus, tmp_path: Path) -> None:
    params = corpus()
    (tmp_path / "dev_data.csv").unlink()

    with pytest.raises(UserError, match=r"dev_data\.csv: no such file.*train_data\.csv"):
        read(params)
