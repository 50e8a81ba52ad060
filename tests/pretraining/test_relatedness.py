"""How well texts fit images that they were not written for, by hand."""

from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.pretraining.relatedness import Relatedness
from tests.tiny_corpus import tiny_corpus


def test_worked_example() -> None:
    """Without their mean (1, 1), texts point right, up, left and down; the first two are a's."""
    texts = torch.tensor([[2.0, 1.0], [1.0, 4.0], [0.0, 1.0], [1.0, -2.0]])
    found = Relatedness(texts, ["a", "a", "b", "c"])(torch.tensor([1, 2, 3]))
    half = 0.5**0.5
    expected = [half, -half, -half, 0, 1, 0, -1, 0, 1]
    assert found.flatten().tolist() == pytest.approx(expected, abs=1e-6)


def test_texts_are_the_means_of_their_last_words_file(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    features = corpus.features(tmp_path)
    vectors, offsets = corpus.bert["vectors"].astype("f4"), corpus.bert["offsets"]
    rows = features.rows("dev")
    places = [corpus.text_keys.index(features.text_keys[row]) for row in rows]
    means = [vectors[offsets[i] : offsets[i + 1]].mean(0) for i in places]
    found = features.arrays.text_means(rows).numpy()
    assert np.allclose(found, means, atol=1e-6)
