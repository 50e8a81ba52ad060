"""Whatever happens to a file of word vectors, those that are read are sound or it is named."""

import pickle
import resource
import struct
import tempfile
from pathlib import Path

import numpy as np
import pytest
from gensim.models import KeyedVectors
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encoders.glove.text_vectors import PretrainedVectors
from pipeline.encoders.glove.vector_files import read_word_vectors
from pipeline.errors import UserError
from tests.fuzz.arrays import ARRAYS, damaged_arrays
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.places import PLACES

WORDS = ["the", "cat", "dog", "é"]
VECTORS = np.array([[1, 2, 3], [0.5, -1, 0], [0, 0, 1e-3], [4, 5, 6]], np.float32)


def packed(suffix: str, vectors: np.ndarray) -> bytes:
    made = KeyedVectors(vectors.shape[1])
    made.add_vectors(WORDS[: len(vectors)], vectors)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"v{suffix}"
        if suffix == ".kv":
            made.save(str(path))
        else:
            made.save_word2vec_format(str(path), binary=suffix == ".bin")
        return path.read_bytes()


FILES = {suffix: packed(suffix, VECTORS) for suffix in (".kv", ".bin", ".txt")}
suffixes = pytest.mark.parametrize("suffix", FILES)


def require_vectors_or_fault(path: Path) -> PretrainedVectors | None:
    found = outcome(lambda: read_word_vectors(str(path), {*WORDS}), UserError)
    if found is None:
        return None
    assert found.mean.dtype == np.float32
    assert found.mean.ndim == 1
    assert np.isfinite(found.mean).all()
    for vector in found.vectors.values():
        assert vector.shape == found.mean.shape
        assert np.isfinite(vector).all()
    return found


@suffixes
def test_an_undamaged_one_is_read(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"v{suffix}").write_bytes(FILES[suffix])
    found = require_vectors_or_fault(tmp_path / f"v{suffix}")
    assert found is not None
    assert {*found.vectors} == {*WORDS}
    assert found.vectors["cat"].tolist() == [0.5, -1, 0]


@suffixes
@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_bytes_are_read_or_named(
    suffix: str, kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    path = tmp_path / f"v{suffix}"
    path.write_bytes(BYTES[kind](FILES[suffix], data.draw))
    require_vectors_or_fault(path)


@pytest.mark.parametrize("kind", ARRAYS)
@few
@given(data=st.data())
def test_other_arrays_are_read_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    """In the pickle of a .kv file, and in the .npy file beside it."""
    array = damaged_arrays(kind, {"vectors": VECTORS}, data.draw).get("vectors", VECTORS[:0])
    made = KeyedVectors(3)
    made.add_vectors(WORDS, VECTORS)
    made.vectors = array
    if data.draw(st.booleans()):
        del made.vectors
        np.save(tmp_path / "v.kv.vectors.npy", array)
    (tmp_path / "v.kv").write_bytes(pickle.dumps(made))
    require_vectors_or_fault(tmp_path / "v.kv")


@suffixes
@pytest.mark.parametrize("place", PLACES)
def test_another_thing_in_the_place_of_a_file_is_named(
    tmp_path: Path, suffix: str, place: str
) -> None:
    PLACES[place](tmp_path / f"v{suffix}")
    assert require_vectors_or_fault(tmp_path / f"v{suffix}") is None


@pytest.mark.parametrize(
    "code",
    [
        b"Nr" + struct.pack("<I", 2**27) + b".",  # the number of an object in the reader's memo
        b"\x96" + struct.pack("<Q", 2**31) + b".",  # a bytearray and its length
        b"T" + struct.pack("<i", 2**31 - 1) + b".",  # a text and its length
    ],
)
def test_a_pickle_of_a_few_bytes_takes_no_memory(tmp_path: Path, code: bytes) -> None:
    (tmp_path / "v.kv").write_bytes(b"\x80\x05" + code)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert require_vectors_or_fault(tmp_path / "v.kv") is None
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**19  # kB
