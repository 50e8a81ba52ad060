"""Folders of precomputed features, as they are found in the wild."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.matching.captions.region_files import open_regions
from pipeline.matching.data.inputs import MappedImages
from pipeline.matching.sources.precomp import read_precomp
from tests.matching.tiny_matching import (
    D_R,
    SIZES,
    K,
    collect_captions,
    matching_params,
    write_precomp,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_precomp(tmp_path / "f30k_precomp", per_image=5)


def test_five_captions_in_a_row_belong_to_one_image(folder: Path) -> None:
    train = read_precomp(folder, "test").splits["train"]
    assert train.images == [str(i) for i in range(SIZES["train"])]
    assert train.image.tolist() == [i // 5 for i in range(5 * SIZES["train"])]
    assert train.words[7][-3:] == [",", "number", "2"]
    assert train.words[7][0] == "a"


def test_ids_tell_which_rows_are_the_same_image_though_their_values_differ(folder: Path) -> None:
    regions = np.repeat(np.load(folder / "dev_ims.npy"), 5, axis=0)
    regions[3] += 1
    np.save(folder / "dev_ims.npy", regions)
    ids = np.repeat(np.arange(SIZES["dev"]), 5)
    (folder / "dev_ids.txt").write_text("\n".join(map(str, ids)) + "\n")
    dev = read_precomp(folder, "test").splits["dev"]
    assert dev.image.tolist() == ids.tolist()
    assert dev.images == [str(5 * i) for i in range(SIZES["dev"])]


def test_one_caption_per_image_in_a_tsv_file(folder: Path) -> None:
    (folder / "test_caps.txt").unlink()
    lines = [f"id{i}\tcaption {i}\n" for i in range(SIZES["test"])]
    (folder / "test_caps.tsv").write_text("".join(lines))
    test = read_precomp(folder, "test").splits["test"]
    assert test.image.tolist() == list(range(SIZES["test"]))
    assert test.words[3] == ["caption", "3"]


def test_a_caption_in_a_table_may_be_in_quotes(folder: Path) -> None:
    """As writers of such tables put one that has quotes of its own."""
    (folder / "test_caps.txt").unlink()
    lines = [f'id{i}\t"a ""big"" dog"\r\n' for i in range(SIZES["test"])]
    (folder / "test_caps.tsv").write_bytes("".join(lines).encode())
    test = read_precomp(folder, "test").splits["test"]
    assert test.words[0] == ["a", '"', "big", '"', "dog"]


@pytest.mark.parametrize(
    ("content", "message"), [("a\tb\nc\n", "line 2: no tab"), ("a\t" + "b" * 200_000, "line 1")]
)
def test_a_table_that_is_none_is_named(folder: Path, content: str, message: str) -> None:
    (folder / "test_caps.tsv").write_text(content)
    with pytest.raises(UserError, match=message):
        read_precomp(folder, "test")


def test_regions_are_read_from_disk_as_they_are_wanted(folder: Path) -> None:
    array = open_regions(folder, "train")
    assert isinstance(array, np.memmap)
    images = MappedImages(["0", "5", "7"], array)
    regions, mask = images.regions(np.array([2, 0]))
    assert regions.shape == (2, K, D_R)
    assert mask.all()
    np.testing.assert_array_equal(regions[0], array[7])


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("dev_caps.txt", b"one\ntwo\n", "30 images and 2 captions"),
        ("test_caps.txt", b"\xff\n" * 150, "not utf-8"),
        ("test_ids.txt", b"1\n2\n", "2 ids; expected one for each of 30 images or 150 captions"),
        ("train_ims.npy", b"nothing", "cannot be read"),
        ("train_ims.npy", b"\x93NUMPY\1\0\6\0'a':}\n", "cannot be read"),
        ("train_ims.npy", None, "no such file"),
    ],
)
def test_names_what_does_not_fit(
    folder: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is None:
        (folder / name).unlink()
    else:
        (folder / name).write_bytes(content)
    with pytest.raises(UserError, match=message):
        read_precomp(folder, "test")


def test_no_pickle_is_opened(folder: Path) -> None:
    np.save(folder / "dev_ims.npy", np.array([{}]), allow_pickle=True)
    with pytest.raises(UserError, match="cannot be read"):
        open_regions(folder, "dev")


def test_noise_on_pairs_that_are_noisy_must_be_meant(tmp_path: Path) -> None:
    folder = write_precomp(tmp_path / "cc152k_precomp")
    own = {"corpus.folder": str(folder), "corpus.noisy": True, "noise.rate": 0.2}
    with pytest.raises(UserError, match=r"noise\.on_real"):
        collect_captions(matching_params(own))
    assert collect_captions(matching_params({**own, "noise.on_real": True})).wrong.any()
    assert not collect_captions(matching_params({**own, "noise.rate": 0.0})).wrong.any()
