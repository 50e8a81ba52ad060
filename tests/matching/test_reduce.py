"""Principal components keep what is near near, masks, and the files' form."""

from pathlib import Path

import numpy as np

from pipeline.features.store import RegionFeatures
from pipeline.matching.reduce import reduce_regions
from tests.tiny_corpus import D_R, K, tiny_corpus


def regions_in(folder: Path) -> tuple[RegionFeatures, list[str]]:
    corpus = tiny_corpus()
    corpus.write(folder)
    train = corpus.pairs["image_key"][corpus.pairs["split"] == "train"].tolist()
    return RegionFeatures.read(folder / "regions.h5"), train


def test_all_components_keep_all_distances_but_for_one_scale(tmp_path: Path) -> None:
    regions, train = regions_in(tmp_path)
    reduce_regions(tmp_path / "reduced.h5", regions, train, D_R)
    found = RegionFeatures.read(tmp_path / "reduced.h5")
    before = regions.features[regions.mask].astype(float)
    after = found.features[regions.mask].astype(float)
    ratios = (
        np.linalg.norm(after - after[0], axis=1)[1:]
        / np.linalg.norm(before - before[0], axis=1)[1:]
    )
    np.testing.assert_allclose(ratios, ratios.mean(), rtol=0.01)


def test_few_components_hold_what_varies_most(tmp_path: Path) -> None:
    """The image's type, which stands in three of the features, is found again in two."""
    regions, train = regions_in(tmp_path)
    reduce_regions(tmp_path / "reduced.h5", regions, train, 2)
    found = RegionFeatures.read(tmp_path / "reduced.h5")
    assert found.features.shape == (len(regions.keys), K, 2)
    types = regions.features[..., :3].astype(float).argmax(-1)[regions.mask]
    points = found.features[regions.mask].astype(float)
    means = np.stack([points[types == kind].mean(0) for kind in range(3)])
    nearest = np.linalg.norm(points[:, None] - means, axis=-1).argmin(1)
    assert (nearest == types).mean() > 0.95


def test_missing_regions_stay_empty_and_all_else_is_kept(tmp_path: Path) -> None:
    regions, train = regions_in(tmp_path)
    reduce_regions(tmp_path / "reduced.h5", regions, train, 3)
    found = RegionFeatures.read(tmp_path / "reduced.h5")
    assert not found.features[~regions.mask].any()
    for name in ("keys", "boxes", "scores", "classes", "mask", "size", "status"):
        np.testing.assert_array_equal(getattr(found, name), getattr(regions, name))
    assert found.fingerprint == {**regions.fingerprint, "principal_components": 3}


def test_the_same_bytes_again(tmp_path: Path) -> None:
    regions, train = regions_in(tmp_path)
    for name in ("one", "two"):
        reduce_regions(tmp_path / f"{name}.h5", regions, train, 2)
    assert (tmp_path / "one.h5").read_bytes() == (tmp_path / "two.h5").read_bytes()
