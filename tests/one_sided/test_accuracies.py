"""The one-sided figures say whether a corpus can be judged from one side alone."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.one_sided.accuracies import one_sided_accuracies
from tests.tiny_corpus import LABELS, tiny_corpus


def test_a_relation_is_hidden_from_either_side(tmp_path: Path) -> None:
    features = tiny_corpus().features(tmp_path)
    found = one_sided_accuracies(features)
    assert found["image_only_accuracy"] < 0.65
    assert found["text_only_accuracy"] < 0.65


@pytest.mark.parametrize("side", ["image", "text"])
def test_a_label_that_one_side_carries_is_seen(tmp_path: Path, side: str) -> None:
    corpus = tiny_corpus()
    keys = {"image": corpus.image_keys, "text": corpus.text_keys}[side]
    kinds = np.arange(len(keys)) % len(LABELS)
    corpus.pairs["label"] = [LABELS[kinds[keys.index(key)]] for key in corpus.pairs[f"{side}_key"]]
    if side == "image":
        corpus.regions["features"][..., :3] += 8 * np.eye(3)[kinds][:, None]
    else:
        of_words = np.repeat(kinds, np.diff(corpus.bert["offsets"]))
        corpus.bert["vectors"][:, :3] += 8 * np.eye(3)[of_words]
    found = one_sided_accuracies(corpus.features(tmp_path))
    other = {"image": "text", "text": "image"}[side]
    assert found[f"{side}_only_accuracy"] > 0.95
    assert found[f"{other}_only_accuracy"] < 0.65


def test_majority_is_that_of_train_judged_on_test(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    corpus.pairs["label"] = "irrelevant"
    corpus.pairs.loc[corpus.pairs["split"] == "train", "label"] = ["implicit"] * 40 + [
        "explicit"
    ] * 20
    test = corpus.pairs.index[corpus.pairs["split"] == "test"]
    corpus.pairs.loc[test[:6], "label"] = "implicit"
    found = one_sided_accuracies(corpus.features(tmp_path))
    assert found["majority_accuracy"] == 6 / 24
