import json
from pathlib import Path

import h5py
import numpy as np
import pytest

from pipeline.encoders.glove import glove
from pipeline.encoders.glove.glove import (
    Oov,
    embed_glove,
    write_glove,
    write_vocabulary_vectors,
)
from pipeline.features.store import GloveFeatures
from tests.encoders.rows.same_features import assert_same_features

KEYS = ["c" * 64, "a" * 64, "b" * 64]
TEXTS = dict(
    zip(KEYS, [["<user>", "cat", "blorf"], ["cat", "<url>", "cat"], ["blorf", "zap"]], strict=True)
)
PLAIN = b"the 1 2\ncat 3 4\nuser 5 6\nof 7 0\n"


@pytest.fixture
def source(tmp_path: Path) -> str:
    path = tmp_path / "vectors.txt"
    path.write_bytes(PLAIN)
    return str(path)


def test_every_word_of_every_text_finds_its_vector(tmp_path: Path, source: str) -> None:
    write_glove(tmp_path / "glove.h5", TEXTS, source, "mean")
    features = GloveFeatures.read(tmp_path / "glove.h5")
    assert features.vocabulary == ["<url>", "<user>", "blorf", "cat", "zap"]
    assert features.vectors.dtype == np.float32
    assert features.index(["a" * 64]).tolist() == [1]
    assert features.offsets.tolist() == [0, 3, 6, 8]
    texts = np.split([features.vocabulary[i] for i in features.word_ids], features.offsets[1:-1])
    assert [list(words) for words in texts] == list(TEXTS.values())
    assert features.vectors[3].tolist() == [3, 4]
    assert features.known.tolist() == [False, True, False, True, False]


@pytest.mark.parametrize(("oov", "expected"), [("mean", [4, 3]), ("zero", [0, 0])])
def test_a_word_without_a_vector_gets_the_mean_of_all_or_zero(
    tmp_path: Path, source: str, oov: Oov, expected: list[float]
) -> None:
    write_glove(tmp_path / "glove.h5", TEXTS, source, oov)
    features = GloveFeatures.read(tmp_path / "glove.h5")
    assert features.vectors[~features.known].tolist() == [expected] * 3


def test_a_glove_token_is_looked_up_itself_before_its_plain_word(
    tmp_path: Path, source: str
) -> None:
    write_glove(tmp_path / "plain.h5", TEXTS, source, "mean")
    own = tmp_path / "twitter.txt"
    own.write_bytes(PLAIN + b"<user> 9 9\n")
    write_glove(tmp_path / "twitter.h5", TEXTS, str(own), "mean")
    assert GloveFeatures.read(tmp_path / "plain.h5").vectors[1].tolist() == [5, 6]
    assert GloveFeatures.read(tmp_path / "twitter.h5").vectors[1].tolist() == [9, 9]


def test_a_capital_is_looked_up_itself_before_its_small_letter(tmp_path: Path) -> None:
    source = tmp_path / "cased.txt"
    source.write_bytes(b"cat 1 2\ndog 3 4\nDog 5 6\n")
    found, _ = embed_glove(tmp_path, {KEYS[0]: ["Cat", "Dog", "dog", "Zap"]}, str(source), "zero")
    by_word = dict(zip(found.vocabulary, found.vectors.tolist(), strict=True))
    assert by_word == {"Cat": [1, 2], "Dog": [5, 6], "dog": [3, 4], "Zap": [0, 0]}


def test_a_vocabulary_is_looked_up_in_its_order(tmp_path: Path, source: str) -> None:
    path = tmp_path / "vectors.npy"
    assert write_vocabulary_vectors(path, ["<pad>", "cat", "<user>"], source) == 1
    assert np.load(path).tolist() == [[4, 3], [3, 4], [4, 3]]


def test_coverage_is_returned_and_kept(tmp_path: Path, source: str) -> None:
    coverage = write_glove(tmp_path / "glove.h5", TEXTS, source, "mean")
    assert (coverage.types, coverage.types_known) == (5, 2)
    assert (coverage.tokens, coverage.tokens_known) == (8, 4)
    assert coverage.without == [("blorf", 2), ("<url>", 1), ("zap", 1)]
    assert (coverage.rows, coverage.rejected) == (4, 0)
    assert "2 of 5 (40.0%)" in str(coverage)
    assert "4 of 8 (50.0%)" in str(coverage)
    assert "blorf (2), <url> (1), zap (1)" in str(coverage)
    with h5py.File(tmp_path / "glove.h5") as file:
        assert json.loads(file.attrs["coverage"])["tokens_known"] == 4


def test_an_enormous_word_does_not_break_the_file(tmp_path: Path, source: str) -> None:
    texts = {"a" * 64: ["x" * 100_000, "cat"]}
    write_glove(tmp_path / "glove.h5", texts, source, "mean")
    features = GloveFeatures.read(tmp_path / "glove.h5")
    assert len(features.vocabulary[1]) == 100_000


def test_the_same_input_gives_the_same_bytes(tmp_path: Path, source: str) -> None:
    write_glove(tmp_path / "one.h5", TEXTS, source, "mean")
    write_glove(tmp_path / "two.h5", TEXTS, source, "mean")
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()


def test_only_a_later_revision_is_told(
    tmp_path: Path, source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = embed_glove(tmp_path / "glove.h5", TEXTS, source, "mean")
    assert first.fingerprint.keys() == {"encoder", "values"}
    monkeypatch.setattr(glove, "REVISION", 2)
    later, _ = embed_glove(tmp_path / "glove.h5", TEXTS, source, "mean")
    assert later.fingerprint == {**first.fingerprint, "revision": 2}


def test_what_is_in_memory_is_what_is_written(tmp_path: Path, source: str) -> None:
    path = tmp_path / "glove.h5"
    found, _ = embed_glove(path, TEXTS, source, "mean")
    assert not path.exists()
    write_glove(path, TEXTS, source, "mean")
    assert_same_features(found, GloveFeatures.read(path))


def test_the_fingerprint_tells_source_and_rule(tmp_path: Path, source: str) -> None:
    prints = set()
    for oov in ("mean", "zero"):
        write_glove(tmp_path / "glove.h5", TEXTS, source, oov)
        prints.add(json.dumps(GloveFeatures.read(tmp_path / "glove.h5").fingerprint))
    assert len(prints) == 2
