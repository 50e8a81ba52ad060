"""The pointing game, worked by hand."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.evaluation.pointing import on_any, pointing_metrics
from pipeline.metrics.pair_predictions import predict_pairs
from tests.metrics.test_pair_outputs import tiny_model
from tests.tiny_corpus import read, tiny_corpus


def test_centre_on_one_of_the_targets() -> None:
    boxes = np.array([[0, 0, 10, 10], [20, 20, 40, 30], [0, 0, 100, 100]], np.float32)
    assert on_any(boxes, [(4, 4, 6, 6)]).tolist() == [True, False, False]
    assert on_any(boxes, [(0, 0, 1, 1), (25, 20, 60, 60)]).tolist() == [False, True, True]


def test_share_of_words_whose_strongest_region_hits(tmp_path: Path) -> None:
    """One pair names the box of its strongest region, the other one where no region is."""
    corpus = tiny_corpus()
    features = corpus.features(tmp_path)
    model, (regions, glove, _) = tiny_model(features), read(tmp_path)
    hit, miss = features.rows("test")[:2].tolist()
    words = ["dog", *(f"other{i}" for i in range(8))]
    lengths = np.diff(glove.offsets)
    keys = [key.decode() for key in glove.keys.tolist()]
    texts = {key: words[:n] for key, n in zip(keys, lengths, strict=True)}

    (output,) = predict_pairs(model, features, np.array([hit]))
    image = int(regions.index([corpus.pairs["image_key"][hit]])[0])
    assert output.attention
    strongest = regions.boxes[image, output.attention.strongest()[0]].tolist()
    truth = {f"p{hit}": {"dog": [tuple(strongest)]}, f"p{miss}": {"dog": [(900, 900, 901, 901)]}}

    found = pointing_metrics(model, features, regions, texts, truth)
    assert found["pointing_words"] == 2
    assert found["pointing_accuracy"] == 0.5
    valid = regions.boxes[image][regions.mask[image]]
    share = np.mean([on_any(box[None], [tuple(strongest)])[0] for box in valid])
    assert found["pointing_chance"] == pytest.approx(share / 2)


def test_no_figure_without_a_word_that_names_something(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    features = corpus.features(tmp_path)
    regions, glove, _ = read(tmp_path)
    texts = {key.decode(): ["x"] * 9 for key in glove.keys.tolist()}
    model = tiny_model(features)
    assert pointing_metrics(model, features, regions, texts, {}) == {}
