"""Whatever happens to precomputed regions, those that are read are sound or the fault is named."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.encoders.regions.precomputed.base import ImageRegions, check_fit
from pipeline.encoders.regions.precomputed.source import ImageIds, open_source
from pipeline.errors import UserError
from pipeline.images.files import ImageError
from tests.encoders.regions.precomputed.drawn import WIDTH, regions, tsv_line
from tests.fuzz.arrays import ARRAYS, FOREIGN, Arrays, damaged_arrays
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.places import PLACES

ROWS = {"17": regions(1), "4": regions(2, count=5), "99": regions(3)}
SIZE = (30, 40)
TSV = b"".join(tsv_line(id, found) for id, found in ROWS.items())
NAMES = b"id,image\n17,COCO_17.jpg\n4,COCO_4.jpg\n99,COCO_99.jpg\n"
FEATURES = np.stack([regions(seed, count=4).features for seed in (1, 2, 3)])


def npy(array: Any) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def npz(arrays: Arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


ARCHIVE = {
    "x": ROWS["17"].features,
    "bbox": ROWS["17"].boxes,
    "image_h": np.array(SIZE[0]),
    "image_w": np.array(SIZE[1]),
}
# What lies in the folder of each format; the first is damaged.
FORMATS: dict[str, dict[str, bytes]] = {
    "table": {"r.tsv": TSV},
    "arrays": {"dev_ims.npy": npy(FEATURES), "dev_ids.txt": b"17\n4\n99\n"},
    "ids of arrays": {"dev_ids.txt": b"17\n4\n99\n", "dev_ims.npy": npy(FEATURES)},
    "features of an image": {"4.npy": npy(ROWS["4"].features), "17.npz": npz(ARCHIVE)},
    "archive of an image": {"17.npz": npz(ARCHIVE), "4.npy": npy(ROWS["4"].features)},
    "table of names": {"images.csv": NAMES, "r.tsv": TSV},
}


def read(folder: Path) -> dict[str, ImageRegions]:
    source = open_source(folder)
    ids = ImageIds(folder, source)
    for name in ("17.jpg", "photos/COCO_4.jpg", "99"):
        outcome(lambda name=name: ids.find(name), ImageError)
    assert len(set(source.ids)) == len(source.ids)
    assert len(source.digest) == 64
    found = {id: outcome(lambda id=id: source.read(id), UserError) for id in source.ids}
    for each in filter(None, found.values()):
        assert each.features.ndim == 2
        assert each.features.shape[1] == source.feature_dim
    return {id: each for id, each in found.items() if each}


def require_regions_or_faults(
    folder: Path, files: dict[str, bytes], *allowed: type[Exception]
) -> dict[str, ImageRegions]:
    for name, data in files.items():
        (folder / name).write_bytes(data)
    found = outcome(lambda: read(folder), UserError, *allowed) or {}
    for each in found.values():
        assert each.features.dtype == np.float32
        assert np.isfinite(each.features.astype(np.float16)).all()
        assert len(each.features) > 0
        if each.boxes is not None:
            assert each.boxes.shape == (len(each.features), 4)
            assert np.isfinite(each.boxes).all()
            assert (each.boxes[:, :2] <= each.boxes[:, 2:]).all()
        outcome(lambda each=each: check_fit(each, SIZE), UserError)
    return found


@pytest.mark.parametrize("name", FORMATS)
def test_undamaged_ones_are_read(tmp_path: Path, name: str) -> None:
    found = require_regions_or_faults(tmp_path, FORMATS[name])
    assert {"17", "4"} <= {*found}
    assert all(each.features.shape[1] == WIDTH for each in found.values())


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_bytes_are_read_or_named(
    name: str, kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    first, *_ = FORMATS[name]
    damaged = BYTES[kind](FORMATS[name][first], data.draw)
    require_regions_or_faults(tmp_path, {**FORMATS[name], first: damaged})


@pytest.mark.parametrize("kind", [*ARRAYS, *FOREIGN])
@few
@given(data=st.data())
def test_other_arrays_of_an_archive_are_read_or_named(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    damaged = npz(damaged_arrays(kind, ARCHIVE, data.draw))
    require_regions_or_faults(tmp_path, {"17.npz": damaged, "4.npy": npy(ROWS["4"].features)})


@pytest.mark.parametrize("kind", [*ARRAYS, *FOREIGN])
@few
@given(data=st.data())
def test_another_array_of_all_images_is_read_or_named(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    arrays = damaged_arrays(kind, {"all": FEATURES}, data.draw)
    files = {"dev_ims.npy": npy(arrays.get("all")), "dev_ids.txt": b"17\n4\n99\n"}
    require_regions_or_faults(tmp_path, files)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", FORMATS)
def test_another_thing_in_the_place_of_a_file_is_named(
    tmp_path: Path, name: str, place: str
) -> None:
    first, *others = FORMATS[name]
    PLACES[place](tmp_path / first)
    files = {other: FORMATS[name][other] for other in others}
    require_regions_or_faults(tmp_path, files, OSError)  # which names the path in its one line
