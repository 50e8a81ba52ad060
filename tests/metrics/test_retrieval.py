"""Ranks and recalls against a loop over captions, and where scores are equal."""

import numpy as np
import pytest

from pipeline.errors import UserError
from pipeline.metrics.ranking import fold_metrics, retrieval_metrics


def by_hand(similarity: np.ndarray, image_of: np.ndarray) -> dict[str, float]:
    """The field's own way: sort each row, find the best match."""
    ranks: dict[str, list[int]] = {"image_to_text": [], "text_to_image": []}
    for image, row in enumerate(similarity):
        order = np.argsort(-row)
        ranks["image_to_text"].append(min(np.flatnonzero(image_of[order] == image)) + 1)
    for text, column in enumerate(similarity.T):
        order = np.argsort(-column)
        ranks["text_to_image"].append(int(np.flatnonzero(order == image_of[text])[0]) + 1)
    metrics = {}
    for name, found in ranks.items():
        for k in (1, 5, 10):
            metrics[f"{name}_r{k}"] = 100 * float(np.mean([rank <= k for rank in found]))
        metrics[f"{name}_median_rank"] = float(np.median(found))
        metrics[f"{name}_mean_rank"] = float(np.mean(found))
    metrics["rsum"] = sum(
        value for name, value in metrics.items() if "_r1" in name or "_r5" in name
    )
    return metrics


def test_agrees_with_a_loop_over_captions() -> None:
    rng = np.random.default_rng(0)
    image_of = rng.permutation(np.repeat(np.arange(40), 5))
    similarity = rng.normal(size=(40, 200)).astype(np.float32)
    similarity[image_of, np.arange(200)] += 1
    found = retrieval_metrics(similarity, image_of)
    assert found == pytest.approx(by_hand(similarity, image_of))
    assert 60 < found["rsum"] < 540


def test_perfect_similarities_sum_to_600() -> None:
    image_of = np.repeat(np.arange(20), 5)
    found = retrieval_metrics(np.eye(20, dtype=np.float32)[:, image_of], image_of)
    assert found["rsum"] == 600
    assert found["image_to_text_mean_rank"] == found["text_to_image_median_rank"] == 1


def test_a_constant_model_gets_chance() -> None:
    """However images and texts are ordered: of 100 texts 5 are right, of 20 images one."""
    image_of = np.repeat(np.arange(20), 5)
    found = retrieval_metrics(np.zeros((20, 100), np.float32), image_of)
    assert found["image_to_text_r1"] == pytest.approx(5)
    miss = np.prod([(95 - j) / (100 - j) for j in range(10)])
    assert found["image_to_text_r10"] == pytest.approx(100 * (1 - miss))
    assert [found[f"text_to_image_r{k}"] for k in (1, 5, 10)] == pytest.approx([5, 25, 50])
    assert found["text_to_image_mean_rank"] == pytest.approx(10.5)
    assert found["image_to_text_mean_rank"] == pytest.approx(101 / 6)


def test_ties_cost_what_a_random_order_would() -> None:
    """Text 0 and 1 belong to image 0, text 2 to image 1; all worked by hand."""
    similarity = np.array([[0.5, 0.1, 0.5], [0.2, 0.2, 0.2]], np.float32)
    found = retrieval_metrics(similarity, np.array([0, 0, 1]))
    # SourceImage 0: its text is first in half of the orders. SourceImage 1: in a third.
    assert found["image_to_text_r1"] == pytest.approx(100 * (1 / 2 + 1 / 3) / 2)
    assert found["image_to_text_mean_rank"] == pytest.approx((1.5 + 2) / 2)
    # Texts: 0.5 over 0.2; 0.1 under 0.2; 0.2 under 0.5.
    assert found["text_to_image_r1"] == pytest.approx(100 / 3)


def test_folds_are_the_mean_of_their_own_images() -> None:
    rng = np.random.default_rng(1)
    image_of = np.repeat(np.arange(30), 5)
    similarity = rng.normal(size=(30, 150)).astype(np.float32)
    folds = [
        retrieval_metrics(similarity[i : i + 10, 5 * i : 5 * i + 50], np.repeat(np.arange(10), 5))
        for i in (0, 10, 20)
    ]
    expected = {name: np.mean([fold[name] for fold in folds]) for name in folds[0]}
    assert fold_metrics(similarity, image_of, 10) == pytest.approx(expected)
    with pytest.raises(UserError, match="31 images"):
        fold_metrics(similarity, image_of, 31)


def test_refuses_what_is_not_finite() -> None:
    similarity = np.array([[1, np.nan]], np.float32)
    with pytest.raises(UserError, match="not finite"):
        retrieval_metrics(similarity, np.array([0, 0]))
