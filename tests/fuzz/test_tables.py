"""Whatever happens to the files of a corpus, its pairs are sound or the fault is named."""

import csv
import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.corpora import ALL_LABELS, CORPORA, read_pairs, write_corpus
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few
from tests.fuzz.places import PLACES

TABLES = ["csv", "posts", "clicks", "flickr8k", "flickr8k_expert"]
ENCODINGS = ["utf-8-sig", "utf-8", "utf-16", "gb18030", "cp1252", "utf-7", "no such", "rot13"]


@pytest.mark.parametrize("layout", CORPORA)
def test_an_undamaged_corpus_is_read(tmp_path: Path, layout: str) -> None:
    assert read_pairs(write_corpus(tmp_path, layout))


@pytest.mark.parametrize("layout", TABLES)
@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_a_damaged_table_is_read_or_named(
    layout: str, kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    corpus = write_corpus(tmp_path, layout)
    path = tmp_path / data.draw(st.sampled_from(sorted(CORPORA[layout])))
    path.write_bytes(BYTES[kind](path.read_bytes(), data.draw))
    pairs = read_pairs(corpus) or []
    assert len({pair.id for pair in pairs}) == len(pairs)
    assert all(pair.id and pair.image and pair.label in ALL_LABELS for pair in pairs)


@pytest.mark.parametrize("layout", CORPORA)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_table_in_another_encoding_is_read_or_named(
    tmp_path: Path, layout: str, encoding: str
) -> None:
    read_pairs(write_corpus(tmp_path, layout, encoding))


@pytest.mark.parametrize("layout", CORPORA)
@pytest.mark.parametrize("place", PLACES)
def test_another_thing_in_the_place_of_a_table_is_named(
    tmp_path: Path, layout: str, place: str
) -> None:
    corpus = write_corpus(tmp_path, layout)
    path = tmp_path / min(CORPORA[layout])
    path.unlink()
    PLACES[place](path)
    assert not read_pairs(corpus)


CELLS = [
    "",
    " ",
    "\ufeff",
    '"',
    "'",
    ",",
    ";",
    "a\tb",
    "a\nb",
    "a\rb",
    "\x1b[2J",
    "\u202e",
    "é" * 400,
]


@few
@given(rows=st.lists(st.lists(st.sampled_from([*CELLS, "id", "image", "text", "label"]))))
def test_a_table_of_any_cells_is_read_or_named(rows: list[list[str]], tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path, "csv")
    buffer = io.StringIO(newline="")
    csv.writer(buffer).writerows([["id", "image", "text", "label"], *rows])
    (tmp_path / "dev_data.csv").write_bytes(buffer.getvalue().encode())
    read_pairs(corpus)
