"""Fewer train pairs and wrong train labels touch nothing else."""

from pathlib import Path

import numpy as np
import pytest

from pipeline.dataset.pairs import PairFeatures
from pipeline.studies.variants import with_fraction, with_label_noise
from tests.tiny_corpus import SIZES, tiny_corpus


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> PairFeatures:
    return tiny_corpus().features(Path(tmp_path_factory.mktemp("features")))


def test_smaller_fractions_are_part_of_larger_ones(features: PairFeatures) -> None:
    kept = [{*with_fraction(features, f, seed=3).rows("train")} for f in (0.1, 0.5, 0.9)]
    assert [len(rows) for rows in kept] == [6, 30, 54]
    assert kept[0] < kept[1] < kept[2] < {*features.rows("train")}
    assert {*with_fraction(features, 0.5, seed=4).rows("train")} != kept[1]
    for split in ("dev", "test"):
        assert len(with_fraction(features, 0.1, seed=3).rows(split)) == SIZES[split]


def test_one_pair_is_left_at_least(features: PairFeatures) -> None:
    assert len(with_fraction(features, 0.001, seed=0).rows("train")) == 1


@pytest.mark.parametrize("rate", [0.1, 0.4])
def test_this_share_of_train_labels_is_wrong(features: PairFeatures, rate: float) -> None:
    noisy = with_label_noise(features, rate, 0, classes=3)
    wrong = np.flatnonzero(noisy.labels != features.labels)
    assert len(wrong) == round(rate * SIZES["train"])
    assert {*wrong} <= {*features.rows("train")}
    assert {*noisy.labels} == {0, 1, 2}


def test_more_noise_keeps_the_faults_there_were(features: PairFeatures) -> None:
    little, much = (with_label_noise(features, rate, 1, classes=3).labels for rate in (0.1, 0.4))
    wrong = little != features.labels
    assert (much[wrong] == little[wrong]).all()


def test_faults_go_to_all_other_classes(features: PairFeatures) -> None:
    moved = set()
    for seed in range(5):
        noisy = with_label_noise(features, 0.4, seed, classes=3).labels
        moved |= {(a, b) for a, b in zip(features.labels, noisy, strict=True) if a != b}
    assert moved == {(a, b) for a in range(3) for b in range(3) if a != b}
