import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from pipeline.encoders.regions.precomputed.source import ImageIds, open_source
from pipeline.errors import UserError
from pipeline.images.files import ImageError
from tests.encoders.regions.precomputed.drawn import (
    WIDTH,
    regions,
    tsv_line,
    write_archive,
    write_arrays,
    write_tsv,
)

ROWS = {"17": regions(1), "4": regions(2, count=5), "99": regions(3)}


class Harmful:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("harm",)


def test_a_tsv_is_read_by_id(tmp_path: Path) -> None:
    source = open_source(write_tsv(tmp_path / "r.tsv", ROWS))
    assert list(source.ids) == ["17", "4", "99"]
    assert source.feature_dim == WIDTH
    for id, expected in ROWS.items():
        found = source.read(id)
        np.testing.assert_array_equal(found.features, expected.features)
        np.testing.assert_array_equal(found.boxes, expected.boxes)
        assert found.size == expected.size


def test_several_tsvs_that_overlap_are_one_source(tmp_path: Path) -> None:
    write_tsv(tmp_path / "a.tsv", {"17": ROWS["17"], "4": ROWS["4"]})
    write_tsv(tmp_path / "b.tsv", {"4": ROWS["4"], "99": ROWS["99"]})
    assert sorted(open_source(tmp_path).ids) == ["17", "4", "99"]
    write_tsv(tmp_path / "b.tsv", {"4": ROWS["17"]})
    with pytest.raises(UserError, match=r"id 4 has different lines in .*a\.tsv and .*b\.tsv"):
        open_source(tmp_path)


LINE = tsv_line("17", ROWS["17"])
CELLS = LINE.rstrip().split(b"\t")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (LINE[:30], r"byte \d+: 5 tab-separated columns, expected 6.*complete"),
        (LINE[:-20] + b"\n", "17.*(values|base64)"),
        (b"\t".join([*CELLS[:4], b"!!", CELLS[5]]), "no float32 in base64"),
        (b"\t".join([*CELLS[:3], b"2", *CELLS[4:]]), "num_boxes is 2, but there are 12 values"),
        (b"\t".join([*CELLS[:3], b"many", *CELLS[4:]]), "num_boxes is b'many', expected a whole"),
        (b"\t".join([*CELLS[:2], b"0", *CELLS[3:]]), r"height and width are \(0, 40\)"),
        (b"\t".join([CELLS[0], b"-40", *CELLS[2:]]), r"height and width are \(30, -40\)"),
    ],
)
def test_a_damaged_tsv_line_is_named(tmp_path: Path, line: bytes, message: str) -> None:
    (tmp_path / "r.tsv").write_bytes(tsv_line("1", ROWS["4"]) + line)
    with pytest.raises(UserError, match=rf"r\.tsv.*{message}"):
        open_source(tmp_path / "r.tsv").read("17")


def test_an_empty_tsv_is_named(tmp_path: Path) -> None:
    (tmp_path / "r.tsv").write_bytes(b"\n")
    with pytest.raises(UserError, match=r"r\.tsv is empty"):
        open_source(tmp_path / "r.tsv")


def test_scan_s_arrays_are_read_by_the_ids_beside_them(tmp_path: Path) -> None:
    features = np.random.default_rng(0).random((3, 4, WIDTH)).astype(np.float32)
    write_arrays(tmp_path, "train", ["8", "3"], features[:2])
    write_arrays(tmp_path, "test", ["5"], features[2:])
    for path, ids in ((tmp_path, ["5", "8", "3"]), (tmp_path / "train_ims.npy", ["8", "3"])):
        source = open_source(path)
        assert list(source.ids) == ids
        np.testing.assert_array_equal(source.read("3").features, features[1])
        assert source.read("3").boxes is None


def test_ids_of_five_captions_each_are_one_image(tmp_path: Path) -> None:
    features = np.ones((2, 4, WIDTH), np.float32)
    features[1] = 2
    write_arrays(tmp_path, "dev", ["8"] * 5 + ["3"] * 5, features)
    assert open_source(tmp_path).read("3").features[0, 0] == 2
    write_arrays(tmp_path, "dev", ["8", "3"] * 5, features)
    with pytest.raises(UserError, match=r"dev_ids\.txt has 10 ids for 2 rows"):
        open_source(tmp_path)


def test_an_id_of_two_different_rows_is_refused(tmp_path: Path) -> None:
    features = np.ones((2, 4, WIDTH), np.float32)
    assert list(open_source(write_arrays(tmp_path, "dev", ["8", "8"], features)).ids) == ["8"]
    features[1] = 2
    with pytest.raises(UserError, match=r"id 8 has different features in .*dev_ims\.npy"):
        open_source(write_arrays(tmp_path, "dev", ["8", "8"], features))


def test_arrays_without_ids_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "dev_ims.npy", np.ones((2, 4, WIDTH), np.float32))
    with pytest.raises(UserError, match=r"dev_ids\.txt not found"):
        open_source(tmp_path)


def test_one_file_per_image(tmp_path: Path) -> None:
    write_archive(tmp_path / "17.npz", ROWS["17"])
    np.save(tmp_path / "a.jpg.npy", ROWS["4"].features)
    source = open_source(tmp_path)
    assert sorted(source.ids) == ["17", "a.jpg"]
    np.testing.assert_array_equal(source.read("a.jpg").features, ROWS["4"].features)
    np.testing.assert_array_equal(source.read("17").boxes, ROWS["17"].boxes)
    assert source.read("17").size == (30, 40)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"features": np.ones((3, WIDTH + 1), np.float32)}, r"shape \(3, 9\), expected \(R, 8\)"),
        ({"features": np.zeros((0, WIDTH), np.float32)}, r"shape \(0, 8\)"),
        ({"features": np.full((3, WIDTH), np.nan, np.float32)}, "must be finite numbers"),
        ({"features": np.full((3, WIDTH), 1e5, np.float32)}, "numbers of at most 65504"),
        ({"features": np.ones((3, WIDTH), np.int64)}, "must be finite numbers"),
        ({"x": np.ones((3, WIDTH), np.float32), "bbox": np.ones((2, 4))}, r"expected \(3, 4\)"),
        ({"x": np.ones((1, WIDTH), np.float32), "bbox": np.array([[9.0, 9, 1, 1]])}, "x1 <= x2"),
        ({"other": np.ones(1)}, "holds .*other.*, but no features"),
        ({"x": np.ones((1, WIDTH), "f4"), "bbox": np.full((1, 4), "1")}, "no finite numbers"),
        *(
            ({"x": np.ones((1, WIDTH), "f4"), "image_h": side, "image_w": 4}, "one number each")
            for side in ([3, 4], "many", np.nan)
        ),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, arrays: dict[str, np.ndarray], message: str) -> None:
    write_archive(tmp_path / "1.npz", ROWS["17"])
    np.savez(tmp_path / "2.npz", **arrays)
    with pytest.raises(UserError, match=rf"2\.npz.*{message}"):
        open_source(tmp_path).read("2")


def npy_with(header: str) -> bytes:
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize("name", ["1.npy", "1.npz", "1_ims.npy"])
@pytest.mark.parametrize(
    "hostile", ["empty", "text", "pickle", "array of objects", "torn header", "huge shape"]
)
def test_a_hostile_file_is_named_and_no_code_in_it_is_run(
    tmp_path: Path, name: str, hostile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "1_ids.txt").write_text("1\n")
    with (tmp_path / name).open("wb") as file:
        if hostile == "array of objects":
            array = np.array([Harmful()], dtype=object)
            np.savez(file, features=array) if name.endswith("z") else np.save(file, array)
        else:
            huge = "{'descr':'<f8','fortran_order':False,'shape':(99999999,9999,9)}\n"
            data = {
                "empty": b"",
                "text": b"text",
                "pickle": pickle.dumps(Harmful()),
                "torn header": npy_with("'a':}\n"),
                "huge shape": npy_with(huge),
            }
            file.write(data[hostile])
    with pytest.raises(UserError, match=f"{name} cannot be read"):
        open_source(tmp_path)
    assert not (tmp_path / "harm").exists()


def test_a_path_without_regions_says_what_is_allowed(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"holds no precomputed regions; allowed: a \.tsv"):
        open_source(tmp_path)


def test_the_digest_follows_content_and_not_the_place(tmp_path: Path) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = open_source(write_tsv(tmp_path / "one" / "r.tsv", ROWS))
    assert open_source(write_tsv(tmp_path / "two" / "r.tsv", ROWS)).digest == one.digest
    other = ROWS | {"4": ROWS["99"]}
    assert open_source(write_tsv(tmp_path / "two" / "r.tsv", other)).digest != one.digest


def test_a_image_is_found_by_its_name_or_by_the_table(tmp_path: Path) -> None:
    path = write_tsv(tmp_path / "r.tsv", ROWS)
    source = open_source(path)
    ids = ImageIds(path, source)
    assert [ids.find(name) for name in ("17.jpg", "photos/4.png", "99")] == ["17", "4", "99"]
    with pytest.raises(ImageError, match="no such id"):
        ids.find("COCO_000000000017.jpg")
    table = tmp_path / "images.csv"
    table.write_text("id,image\n17,COCO_4.jpg\n4,COCO_17.jpg\n")
    named = ImageIds(path, source)
    assert [named.find(f"x/COCO_{n}.jpg") for n in (4, 17)] == ["17", "4"]
    with pytest.raises(ImageError):
        named.find("99.jpg")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,file\n17,a.jpg\n", "needs the columns id and image; missing: image"),
        ("id,image\n5,a.jpg\n", "names 1 ids that .* lacks, first 5"),
        ("id,image\n17,a.jpg\n4,a.jpg\n", "a.jpg has two ids, 17 and 4"),
        ("", "cannot be read as CSV"),
        ("id,image\n17,\xe9", "cannot be read as CSV"),
    ],
)
def test_a_wrong_table_of_names_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = write_tsv(tmp_path / "r.tsv", ROWS)
    (tmp_path / "images.csv").write_bytes(text.encode("latin-1"))
    with pytest.raises(UserError, match=rf"images\.csv.*{message}"):
        ImageIds(path, open_source(path))
