"""Whatever happens to a feature file, what is read has the shapes that its class promises."""

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.features.store import (
    BertFeatures,
    ClipImageFeatures,
    ClipTextFeatures,
    Features,
    GloveFeatures,
    RegionFeatures,
    SceneFeatures,
    key_array,
)
from tests.encoders.rows.toy_encoder import key_of
from tests.features.test_store import GLOVE, region_arrays
from tests.fuzz.arrays import ARRAYS, FOREIGN, Arrays, damaged_arrays
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.places import PLACES
from tests.fuzz.values import TREES, VALUES, damaged_tree

KEYS = key_array([key_of(number) for number in range(3)])
STATUS = np.zeros(3, np.uint8)
FILES: dict[type[Features], Arrays] = {
    RegionFeatures: region_arrays(),
    SceneFeatures: {
        "pooled": np.ones((3, 5), np.float16),
        "grid": np.ones((3, 6, 2), np.float16),
        "status": STATUS,
    },
    GloveFeatures: GLOVE,
    BertFeatures: {
        "vectors": np.ones((4, 5), np.float16),
        "empty": np.zeros(4, bool),
        "offsets": np.array([0, 1, 3, 4]),
    },
    ClipImageFeatures: {"vectors": np.ones((3, 5), np.float16), "status": STATUS},
    ClipTextFeatures: {"vectors": np.ones((3, 5), np.float16), "cut": np.zeros(3, bool)},
}
ATTRIBUTES = {
    "fingerprint": {"weights": "a", "values": {"layer": 6}},
    "class_names": ["__background__", "dog"],
    "grid_shape": [2, 3],
}
# HDF5 has neither texts of Python, nor its times or objects.
HELD = [kind for kind in FOREIGN if kind not in ("text", "times", "objects")]
kinds_of_file = pytest.mark.parametrize("kind_of_file", FILES, ids=lambda kind: kind.__name__)


def packed(arrays: Arrays, attributes: Any) -> bytes:
    """The bytes of an HDF5 file; attributes other than shapes are kept as JSON.

    attributes: by name; what is no mapping stands for the fingerprint.
    """
    named = attributes if isinstance(attributes, dict) else {"fingerprint": attributes}
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            if array.dtype == object:
                texts = [text if isinstance(text, bytes) else str(text) for text in array.flat]
                array = np.array(texts, h5py.string_dtype()).reshape(array.shape)
            file[name] = array
        for name, value in named.items():
            file.attrs[name] = value if name == "grid_shape" else json.dumps(value)
    return buffer.getvalue()


def require_features_or_faults(
    path: Path, kind_of_file: type[Features], data: bytes
) -> Features | None:
    path.write_bytes(data)
    found = outcome(lambda: kind_of_file.read(path), UserError)
    if found is None:
        return None
    assert found.keys.dtype.kind == "S"
    sizes = {"n": len(found.keys), "n + 1": len(found.keys) + 1}
    for name, (kind, *dims) in kind_of_file._layout.items():
        array = getattr(found, name)
        assert array.dtype.kind == kind
        assert array.ndim == len(dims)
        for dim, size in zip(dims, array.shape, strict=True):
            assert size == (dim if isinstance(dim, int) else sizes.setdefault(dim, size))
    assert len(set(found.keys.tolist())) == len(found.keys)
    assert len(found.digest) == 64
    outcome(lambda: found.index([key_of(2), key_of(0)]), UserError)
    return found


@kinds_of_file
def test_an_undamaged_one_is_read(tmp_path: Path, kind_of_file: type[Features]) -> None:
    data = packed({"keys": KEYS, **FILES[kind_of_file]}, ATTRIBUTES)
    assert require_features_or_faults(tmp_path / "x.h5", kind_of_file, data)


@kinds_of_file
@pytest.mark.parametrize("kind", [*ARRAYS, *HELD])
@few
@given(data=st.data())
def test_other_arrays_are_read_or_named(
    kind_of_file: type[Features], kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    arrays = damaged_arrays(kind, {"keys": KEYS, **FILES[kind_of_file]}, data.draw)
    damaged = packed(arrays, ATTRIBUTES)
    require_features_or_faults(tmp_path / "x.h5", kind_of_file, damaged)


@pytest.mark.parametrize("kind", [*VALUES, *TREES])
@few
@given(data=st.data())
def test_other_attributes_are_read_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    attributes = damaged_tree(kind, ATTRIBUTES, data.draw)
    kind_of_file = data.draw(st.sampled_from([RegionFeatures, SceneFeatures]))
    try:
        damaged = packed({"keys": KEYS, **FILES[kind_of_file]}, attributes)
    except (TypeError, ValueError, OverflowError, OSError, RuntimeError):
        return  # HDF5 has no such value
    require_features_or_faults(tmp_path / "x.h5", kind_of_file, damaged)


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_bytes_are_read_or_named(kind: str, data: st.DataObject, tmp_path: Path) -> None:
    kind_of_file = data.draw(st.sampled_from([*FILES]))
    original = packed({"keys": KEYS, **FILES[kind_of_file]}, ATTRIBUTES)
    require_features_or_faults(tmp_path / "x.h5", kind_of_file, BYTES[kind](original, data.draw))


@pytest.mark.parametrize("place", PLACES)
def test_another_thing_in_the_place_of_a_file_is_named(tmp_path: Path, place: str) -> None:
    PLACES[place](tmp_path / "x.h5")
    assert outcome(lambda: BertFeatures.read(tmp_path / "x.h5"), UserError) is None
