import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.features.store import (
    ClipTextFeatures,
    GloveFeatures,
    RegionFeatures,
    SceneFeatures,
    create_store,
)
from tests.encoders.rows.toy_encoder import key_of

KEYS = [key_of(number) for number in range(3)]


def region_arrays(regions: int = 4) -> dict[str, Any]:
    return {
        "features": np.arange(3 * regions * 2).reshape(3, regions, 2).astype(np.float16),
        "boxes": np.zeros((3, regions, 4), np.float32),
        "scores": np.zeros((3, regions), np.float32),
        "classes": np.zeros((3, regions), np.int16),
        "mask": np.ones((3, regions), bool),
        "size": np.full((3, 2), 224, np.int32),
        "status": np.zeros(3, np.uint8),
    }


def write_regions(path: Path, **changes: Any) -> None:
    with create_store(path, KEYS, json.dumps({"weights": "a"})) as file:
        for name, values in {**region_arrays(), **changes}.items():
            if values is not None:
                file[name] = values
        file.attrs["class_names"] = json.dumps(["__background__", "dog"])


def test_regions_are_read_whole(tmp_path: Path) -> None:
    write_regions(tmp_path / "regions.h5")
    found = RegionFeatures.read(tmp_path / "regions.h5")
    for name, values in region_arrays().items():
        np.testing.assert_array_equal(getattr(found, name), values)
        assert getattr(found, name).dtype == values.dtype
    assert found.class_names == ["__background__", "dog"]
    assert found.fingerprint == {"weights": "a"}


def test_scenes_are_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "scenes.h5"
    pooled, grid = np.ones((3, 5), np.float16), np.ones((3, 6, 2), np.float16)
    with create_store(path, KEYS, "{}") as file:
        file["pooled"], file["grid"], file["status"] = pooled, grid, np.zeros(3, np.uint8)
        file.attrs["grid_shape"] = (2, 3)
    found = SceneFeatures.read(path)
    np.testing.assert_array_equal(found.grid, grid)
    assert found.grid_shape == (2, 3)


def test_index_gives_row_numbers(tmp_path: Path) -> None:
    write_regions(tmp_path / "regions.h5")
    rows = RegionFeatures.read(tmp_path / "regions.h5").index([KEYS[2], KEYS[0], KEYS[2]])
    assert rows.dtype == np.int64
    assert rows.tolist() == [2, 0, 2]


def test_index_names_the_first_key_without_a_row(tmp_path: Path) -> None:
    path = tmp_path / "regions.h5"
    write_regions(path)
    with pytest.raises(UserError, match=f"{path} has no row for key {key_of(8)}"):
        RegionFeatures.read(path).index([KEYS[0], key_of(8), key_of(9)])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"regions.h5 not found"):
        RegionFeatures.read(tmp_path / "regions.h5")


def test_a_file_that_is_cut_off_is_named(tmp_path: Path) -> None:
    path = tmp_path / "regions.h5"
    write_regions(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"regions.h5 cannot be read"):
        RegionFeatures.read(path)


def test_a_file_without_a_dataset_names_both(tmp_path: Path) -> None:
    write_regions(tmp_path / "regions.h5", mask=None)
    with pytest.raises(UserError, match=r"regions.h5 lacks the datasets \['mask'\]"):
        RegionFeatures.read(tmp_path / "regions.h5")


def test_arrays_of_other_numbers_of_regions_are_refused(tmp_path: Path) -> None:
    write_regions(tmp_path / "regions.h5", boxes=np.zeros((3, 5, 4), np.float32))
    with pytest.raises(UserError, match=r"boxes has shape \(3, 5, 4\), expected \(3, 4, 4\)"):
        RegionFeatures.read(tmp_path / "regions.h5")


def test_a_fault_while_writing_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.h5"

    def write_half() -> None:
        with create_store(path, KEYS, "{}") as file:
            file["pooled"] = np.zeros(3)
            raise UserError("the other half is missing")

    with pytest.raises(UserError, match="the other half is missing"):
        write_half()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "regions.h5").mkdir()
    with pytest.raises(UserError, match=r"cannot write .*regions.h5: Is a directory"):
        write_regions(tmp_path / "regions.h5")


def test_keys_are_fixed_width_text(tmp_path: Path) -> None:
    write_regions(tmp_path / "regions.h5")
    with h5py.File(tmp_path / "regions.h5") as file:
        assert file["keys"].dtype == np.dtype("S64")


def external_values(path: Path, secret: Path) -> None:
    write_regions(path, status=None)
    with h5py.File(path, "a") as file:
        file.create_dataset("status", (3,), "u1", external=[(str(secret), 0, 3)])


def external_link(path: Path, secret: Path) -> None:
    write_regions(path, status=None)
    write_regions(secret)
    with h5py.File(path, "a") as file:
        file["status"] = h5py.ExternalLink(str(secret), "status")


def virtual_values(path: Path, secret: Path) -> None:
    write_regions(path, status=None)
    write_regions(secret)
    layout = h5py.VirtualLayout((3,), "u1")
    layout[:] = h5py.VirtualSource(str(secret), "status", (3,))
    with h5py.File(path, "a") as file:
        file.create_virtual_dataset("status", layout)


def linked_group(path: Path, secret: Path) -> None:
    write_regions(path, status=None)
    write_regions(secret)
    with h5py.File(path, "a") as file:
        file["elsewhere"] = h5py.ExternalLink(str(secret), "/")
        file["status"] = h5py.SoftLink("/elsewhere/status")


@pytest.mark.parametrize("write", [external_values, external_link, virtual_values, linked_group])
def test_values_in_another_file_are_not_read(
    tmp_path: Path, write: Callable[[Path, Path], None]
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"root:x:0:0")
    write(tmp_path / "regions.h5", secret)
    with pytest.raises(UserError, match="the values of status are in another file"):
        RegionFeatures.read(tmp_path / "regions.h5")


GLOVE = {
    "vocabulary": np.array([b"a", b"dog"], dtype=object),
    "vectors": np.ones((2, 5), np.float32),
    "known": np.array([True, True]),
    "word_ids": np.array([0, 1, 1, 0], np.int32),
    "offsets": np.array([0, 1, 3, 4]),
}


def write_glove(path: Path, **changes: Any) -> None:
    with create_store(path, KEYS, "{}") as file:
        for name, values in {**GLOVE, **changes}.items():
            kind = h5py.string_dtype() if name == "vocabulary" else None
            file.create_dataset(name, data=values, dtype=kind)


def test_words_are_read_whole(tmp_path: Path) -> None:
    write_glove(tmp_path / "glove.h5")
    found = GloveFeatures.read(tmp_path / "glove.h5")
    assert found.vocabulary == ["a", "dog"]
    assert found.offsets.tolist() == [0, 1, 3, 4]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"offsets": GLOVE["offsets"] + 1}, "offsets do not ascend from 0 to the number of words"),
        ({"offsets": np.array([0, 1, 3, 3])}, "offsets do not ascend"),
        ({"offsets": np.array([0, 3, 1, 4])}, "offsets do not ascend"),
        ({"offsets": np.array([0, 1, 4])}, r"offsets has shape \(3,\), expected \(4,\)"),
        ({"offsets": np.array([0.0, 1, 3, 4])}, "offsets has the type float64, expected integers"),
        ({"word_ids": np.array([0, 1, 2, 0], np.int32)}, "word_ids has numbers that vectors"),
        ({"word_ids": np.array([0, -1, 1, 0], np.int32)}, "word_ids has numbers that vectors"),
        ({"vectors": np.ones((3, 5), np.float32)}, r"known has shape \(2,\), expected \(3,\)"),
        ({"vectors": np.ones(2, np.float32)}, r"vectors has shape \(2,\)"),
        ({"vectors": np.array([b"x", b"y"])}, r"vectors has the type \|S1, expected floats"),
        ({"vectors": h5py.Empty("f4")}, "vectors is no array"),
        ({"vocabulary": GLOVE["vocabulary"][:1]}, "1 words have 2 vectors"),
    ],
)
def test_what_would_shift_words_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    write_glove(tmp_path / "glove.h5", **changes)
    with pytest.raises(UserError, match=rf"glove\.h5: {message}"):
        GloveFeatures.read(tmp_path / "glove.h5")


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("fingerprint", None, "has no fingerprint"),
        ("fingerprint", "{", "is not JSON"),
        ("class_names", None, r"lacks the datasets \['class_names'\]"),
        ("class_names", "[", "class_names cannot be read"),
        ("class_names", 7, "class_names cannot be read"),
        ("class_names", "NaN", "nan is no list of names"),
        ("class_names", '"dog"', "'dog' is no list of names"),
        ("class_names", "[1, 2]", r"\[1, 2\] is no list of names"),
        ("class_names", "[]", "classes has numbers that class_names does not have"),
    ],
)
def test_attributes_that_are_missing_or_damaged_are_named(
    tmp_path: Path, name: str, value: object, message: str
) -> None:
    path = tmp_path / "regions.h5"
    write_regions(path)
    with h5py.File(path, "a") as file:
        del file.attrs[name]
        if value is not None:
            file.attrs[name] = value
    with pytest.raises(UserError, match=message):
        RegionFeatures.read(path)


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with create_store(tmp_path / "texts.h5", [KEYS[0], KEYS[1], KEYS[0]], "{}") as file:
        file["vectors"], file["cut"] = np.ones((3, 5), np.float16), np.zeros(3, bool)
    with pytest.raises(UserError, match=r"texts\.h5: a key occurs twice"):
        ClipTextFeatures.read(tmp_path / "texts.h5")


@pytest.mark.parametrize(
    ("found", "put"),
    [
        pytest.param(b"scores\0", b"\xff\xff\xff\xff\xff\xff\0", id="name of a dataset"),
        pytest.param(KEYS[1][:9].encode(), b"\xff" * 9, id="key"),
    ],
)
def test_damaged_bytes_are_named(tmp_path: Path, found: bytes, put: bytes) -> None:
    path = tmp_path / "regions.h5"
    write_regions(path)
    data = path.read_bytes()
    assert found in data
    path.write_bytes(data.replace(found, put))
    with pytest.raises(UserError, match=r"regions\.h5"):
        RegionFeatures.read(path).index(KEYS)


def test_a_group_is_no_dataset(tmp_path: Path) -> None:
    write_regions(tmp_path / "regions.h5", mask=None)
    with h5py.File(tmp_path / "regions.h5", "a") as file:
        file.create_group("mask")
    with pytest.raises(UserError, match="mask is a group"):
        RegionFeatures.read(tmp_path / "regions.h5")


@pytest.mark.parametrize("side", [np.inf, np.nan])
def test_a_grid_without_a_shape_is_refused(tmp_path: Path, side: float) -> None:
    with create_store(tmp_path / "scenes.h5", KEYS, "{}") as file:
        file["pooled"], file["grid"] = np.ones((3, 5), np.float16), np.ones((3, 6, 2), np.float16)
        file["status"] = np.zeros(3, np.uint8)
        file.attrs["grid_shape"] = (side, 3)
    with pytest.raises(UserError, match="grid_shape cannot be read"):
        SceneFeatures.read(tmp_path / "scenes.h5")


def test_a_grid_of_another_shape_is_refused(tmp_path: Path) -> None:
    with create_store(tmp_path / "scenes.h5", KEYS, "{}") as file:
        file["pooled"], file["grid"] = np.ones((3, 5), np.float16), np.ones((3, 6, 2), np.float16)
        file["status"] = np.zeros(3, np.uint8)
        file.attrs["grid_shape"] = (2, 2)
    with pytest.raises(UserError, match=r"grid has 6 cells, but grid_shape is \(2, 2\)"):
        SceneFeatures.read(tmp_path / "scenes.h5")
