"""Which pairs are shown, what they weigh, and what is kept of them."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from pipeline.dataset.predictions import predict
from pipeline.evaluation.examples import example_outputs, select_pairs
from pipeline.pages.thumbnails import data_uri
from tests.metrics.test_pair_outputs import tiny_model
from tests.tiny_corpus import tiny_corpus

LABELS = ["irrelevant", "implicit", "explicit"]


def predictions(n: int) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(3), n)
    return pd.DataFrame(
        {
            "id": [f"p{i}" for i in range(n)],
            "gold": [LABELS[i] for i in rng.integers(0, 3, n)],
            "predicted": [LABELS[i] for i in probabilities.argmax(1)],
            **{f"p_{label}": probabilities[:, i] for i, label in enumerate(LABELS)},
        }
    )


def test_right_and_wrong_ones_of_every_class() -> None:
    chosen = select_pairs(predictions(200), LABELS)
    assert chosen["id"].is_unique
    groups = chosen.groupby(["gold", chosen["gold"] == chosen["predicted"]]).size()
    assert groups.tolist() == [4] * 6


def test_confident_and_doubtful_ones() -> None:
    table = predictions(200)
    chosen = select_pairs(table, LABELS)
    columns = [f"p_{label}" for label in LABELS]
    right = table[(table["gold"] == "explicit") & (table["predicted"] == "explicit")]
    shown = chosen[(chosen["gold"] == "explicit") & (chosen["predicted"] == "explicit")]
    confidence = shown[columns].max(axis=1).tolist()
    assert confidence[0] == right[columns].max(axis=1).max()
    assert confidence[-1] == right[columns].max(axis=1).min()


def test_class_without_wrong_ones_has_fewer() -> None:
    table = predictions(50)
    table["predicted"] = table["gold"]
    chosen = select_pairs(table[:5], LABELS)
    assert sorted(chosen["id"]) == [f"p{i}" for i in range(5)]


def test_5000_pairs_of_large_noisy_images_stay_below_15_mb() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (1200, 1600, 3), dtype=np.uint8)
    weight = len(data_uri(Image.fromarray(noise), 448))
    weights_of_words = 2 * 36 * 100 * len("1000,")
    assert len(select_pairs(predictions(5000), LABELS)) * (weight + weights_of_words) < 14_000_000


def test_only_pairs_whose_image_can_be_read(tmp_path: Path) -> None:
    features = tiny_corpus().features(tmp_path)
    model = tiny_model(features)
    rows = features.rows("test")
    found = predict(model, features, "test")
    everything = {*features.image_keys}
    shown = example_outputs(model, features, found, everything)
    assert 0 < len(shown) <= len(rows)
    unreadable = features.image_keys[rows[0]]
    kept = example_outputs(model, features, found, everything - {unreadable})
    assert {features.image_keys[features.ids.index(pair)] for pair in kept} <= (
        everything - {unreadable}
    )
    assert example_outputs(model, features, found, set()) == {}


def test_the_examples_are_predicted_as_the_table_says(tmp_path: Path) -> None:
    features = tiny_corpus().features(tmp_path)
    model = tiny_model(features)
    found = predict(model, features, "test")
    predicted = dict(zip(found.ids, found.predicted.tolist(), strict=True))
    for pair, output in example_outputs(model, features, found, {*features.image_keys}).items():
        assert output.predicted == predicted[pair]
