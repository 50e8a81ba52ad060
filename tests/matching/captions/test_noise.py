"""Wrong pairs: how many, which, and the same again."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.matching.captions.noise import noise_report, pair_with_noise
from pipeline.params.matching import NoiseParams

IMAGES = 400
IMAGE_OF = np.repeat(np.arange(IMAGES), 5)


def noise(protocol: str, rate: float, seed: int = 0, file: Path | None = None) -> NoiseParams:
    values = {"protocol": protocol, "rate": rate, "seed": seed, "on_real": False}
    return NoiseParams.model_validate({**values, "file": None if file is None else str(file)})


def test_ncr_shuffles_images_among_the_chosen_captions() -> None:
    given = pair_with_noise(IMAGE_OF, IMAGES, noise("ncr", 0.4))
    wrong = given != IMAGE_OF
    assert 0.39 < wrong.mean() <= 0.4
    # Every image keeps as many captions as it had, and few lose all of their own.
    assert (np.bincount(given) == 5).all()
    assert wrong.reshape(IMAGES, 5).all(1).mean() < 0.03


def test_decl_takes_all_captions_of_an_image() -> None:
    given = pair_with_noise(IMAGE_OF, IMAGES, noise("decl", 0.4)).reshape(IMAGES, 5)
    assert (given == given[:, :1]).all()
    assert 0.39 < (given[:, 0] != np.arange(IMAGES)).mean() <= 0.4
    assert sorted(given[:, 0]) == list(range(IMAGES))


@pytest.mark.parametrize("protocol", ["ncr", "decl"])
def test_seed_decides_and_nothing_is_drawn_at_rate_0(protocol: str) -> None:
    one, same, other = (
        pair_with_noise(IMAGE_OF, IMAGES, noise(protocol, 0.2, seed)) for seed in (1, 1, 2)
    )
    assert (one == same).all()
    assert (one != other).any()
    assert (pair_with_noise(IMAGE_OF, IMAGES, noise(protocol, 0.0)) == IMAGE_OF).all()


def test_realised_rate_counts_what_is_really_wrong() -> None:
    params = noise("ncr", 1.0)
    given = pair_with_noise(IMAGE_OF, IMAGES, params)
    report = noise_report(IMAGE_OF, IMAGES, given, params)
    wrong = sum(a != b for a, b in zip(given, IMAGE_OF, strict=True))
    assert report["wrong"] == wrong < report["captions"]
    assert report["realised_rate"] == report["wrong"] / 2000
    assert report["sha256"] != noise_report(IMAGE_OF, IMAGES, IMAGE_OF, params)["sha256"]


def test_index_files_of_either_protocol(tmp_path: Path) -> None:
    path = tmp_path / "noise.npy"
    np.save(path, IMAGE_OF[::-1].copy())
    assert (pair_with_noise(IMAGE_OF, IMAGES, noise("ncr", 0, file=path)) == IMAGE_OF[::-1]).all()
    np.save(path, np.arange(IMAGES)[::-1].copy())
    assert (pair_with_noise(IMAGE_OF, IMAGES, noise("decl", 0, file=path)) == IMAGE_OF[::-1]).all()


@pytest.mark.parametrize("protocol", ["ncr", "decl"])
def test_the_report_tells_of_a_file_what_it_shows_and_of_a_drawn_index_what_was_asked(
    tmp_path: Path, protocol: str
) -> None:
    drawn = noise(protocol, 0.4, seed=3)
    given = pair_with_noise(IMAGE_OF, IMAGES, drawn)
    report = noise_report(IMAGE_OF, IMAGES, given, drawn)
    assert (report["protocol"], report["rate"], report["seed"]) == (protocol, 0.4, 3)

    # What the parameters ask for besides the file has no part in it.
    np.save(tmp_path / "noise.npy", given)
    other = noise("decl" if protocol == "ncr" else "ncr", 0.9, file=tmp_path / "noise.npy")
    from_file = noise_report(IMAGE_OF, IMAGES, pair_with_noise(IMAGE_OF, IMAGES, other), other)
    assert from_file["protocol"] == protocol
    assert from_file["file"] == str(tmp_path / "noise.npy")
    assert not {"rate", "seed"} & from_file.keys()
    for name in ("captions", "wrong", "realised_rate", "sha256"):
        assert from_file[name] == report[name]


@pytest.mark.parametrize("data", [b"\x93NUMPY\1\0\6\0'a':}\n", b""])
def test_a_damaged_index_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "noise.npy").write_bytes(data)
    with pytest.raises(UserError, match=r"noise\.npy cannot be read"):
        pair_with_noise(IMAGE_OF, IMAGES, noise("ncr", 0, file=tmp_path / "noise.npy"))


@pytest.mark.parametrize(
    ("index", "message"),
    [
        (np.arange(7), "2000 captions or 400 images"),
        (np.zeros(IMAGES), "float64"),
        (np.arange(1, IMAGES + 1), "1 to 400; there are 0 to 399"),
        (np.array([{}] * IMAGES), "cannot be read"),
    ],
)
def test_refuses_what_is_no_index(tmp_path: Path, index: np.ndarray, message: str) -> None:
    path = tmp_path / "noise.npy"
    np.save(path, index, allow_pickle=True)
    with pytest.raises(UserError, match=message):
        pair_with_noise(IMAGE_OF, IMAGES, noise("ncr", 0, file=path))
