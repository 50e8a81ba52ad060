"""The tagger: what it learns, and that train images are tagged out of fold."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.search.mining.tagging import Tagger, tag_quality, tags_out_of_fold

RNG = np.random.default_rng(0)
# The first three of six channels say which of three keywords an image has.
X = RNG.normal(size=(200, 6)).astype(np.float32)
Y = (X[:, :3] > 0).astype(np.float32)


def test_ridge_against_its_normal_equations() -> None:
    found = Tagger.fit(X, Y, ridge=0.5)
    Z = (X - X.mean(0)) / X.std(0)
    W = np.linalg.solve(Z.T @ Z + 0.5 * len(X) * np.eye(6), Z.T @ (Y - Y.mean(0)))
    np.testing.assert_allclose(found.W, W, atol=1e-4)
    np.testing.assert_allclose(found.b, Y.mean(0), atol=1e-4)


def test_tags_are_the_most_probable_first() -> None:
    tagger = Tagger(np.zeros(2), np.ones(2), np.array([[1.0, 0, 2], [0, 1, 0]]), np.zeros(3))
    tags = tagger.tag(np.array([[1.0, 0], [-1, 3], [0, 0]], np.float32), 2)
    assert tags.tolist() == [[2, 0], [1, 0], [0, 1]]


def test_it_learns_visible_keywords() -> None:
    some = Y.any(1)
    tags = Tagger.fit(X, Y, ridge=0.1).tag(X[some], 1)
    precision, _ = tag_quality(tags, Y[some])
    assert precision > 0.95


def test_keywords_of_a_single_image_are_unknown_out_of_fold() -> None:
    own = np.eye(60, dtype=np.float32)
    inside, _ = tag_quality(Tagger.fit(own, own, 0.01).tag(own, 1), own)
    outside, _ = tag_quality(tags_out_of_fold(own, own, 0.01, folds=5, count=1), own)
    assert inside == 1
    assert outside == 0


def test_quality_by_hand() -> None:
    y = np.array([[1, 1, 0, 0], [0, 0, 0, 1]], np.float32)
    assert tag_quality(np.array([[0, 2], [3, 1]]), y) == (0.5, 2 / 3)


def test_the_saved_tagger_tags_alike(tmp_path: Path) -> None:
    tagger = Tagger.fit(X, Y, ridge=0.1)
    tagger.save(tmp_path / "tagger.safetensors")
    again = Tagger.load(tmp_path / "tagger.safetensors")
    assert (again.tag(X, 2) == tagger.tag(X, 2)).all()
    (tmp_path / "tagger.safetensors").write_bytes(b"none")
    with pytest.raises(UserError, match=r"tagger\.safetensors is no tagger"):
        Tagger.load(tmp_path / "tagger.safetensors")


def test_a_tagger_that_is_not_finite_is_refused(tmp_path: Path) -> None:
    fitted = Tagger.fit(X, Y, ridge=0.1)
    replace(fitted, b=fitted.b * np.float32("nan")).save(tmp_path / "t.safetensors")
    with pytest.raises(UserError, match=r"t\.safetensors is damaged: b has values"):
        Tagger.load(tmp_path / "t.safetensors")
