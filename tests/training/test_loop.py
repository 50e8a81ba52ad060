"""What the training loop promises: it learns, stops, keeps the best, and repeats itself."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pipeline.classifier_training.classification import ClassificationTask
from pipeline.dataset.pairs import PairFeatures
from pipeline.dataset.predictions import predict
from pipeline.errors import UserError
from pipeline.initialisation.ananet import new_ananet
from pipeline.models.ananet import AnANet
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from pipeline.training.task import Best
from tests.tiny import tiny_config, tiny_params
from tests.tiny_corpus import D_B, D_G, D_R, K, tiny_corpus

History = dict[int, dict[str, float]]
SMALL = {"train.batch_size": 16, "train.epochs": 3, "model.hidden": 16}


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> PairFeatures:
    return tiny_corpus().features(tmp_path_factory.mktemp("features"))


def train(
    features: PairFeatures,
    changes: Mapping[str, Any] | None = None,
    kind: type[ClassificationTask] = ClassificationTask,
) -> tuple[AnANet, Best, History]:
    settings = {**SMALL, **(changes or {})}
    params = tiny_params(settings).train
    seed_everything(params.seed)
    sizes = {"region_dim": D_R, "word_dim": D_G + D_B, "regions": K}
    model = AnANet(tiny_config({k: v for k, v in settings.items() if "train" not in k}, **sizes))
    history: History = {}
    task = kind(model, features, params)
    best = fit(task, lambda epoch, figures: history.update({epoch: {**figures}}))
    return model, best, history


def test_learns_what_image_and_text_say_together(features: PairFeatures) -> None:
    settings = {"train.epochs": 40, "train.patience": 40, "train.lr": 0.01, "loss.beta": 0.0}
    model, best, history = train(features, settings)
    assert history[max(history)]["train/accuracy"] > 0.95
    assert best.score > 0.8
    test = predict(model, features, "test")
    assert (test.predicted == test.gold).mean() > 0.8


def test_logs_every_term_of_the_loss_and_both_splits(features: PairFeatures) -> None:
    _, _, history = train(features)
    scores = {"accuracy", "f1_weighted", "f1_macro"}
    names = {"loss", "classification", "invariant", "orthogonal", *scores}
    assert list(history) == [1, 2, 3]
    for figures in history.values():
        assert figures.keys() == {f"{split}/{name}" for split in ("train", "dev") for name in names}
        assert all(map(math.isfinite, figures.values()))
        for split in ("train", "dev"):
            terms = {name: figures[f"{split}/{name}"] for name in names}
            total = terms["classification"] + 0.1 * terms["invariant"] + 2 * terms["orthogonal"]
            assert terms["loss"] == pytest.approx(total, rel=1e-5)


def test_same_seed_same_weights_and_figures(features: PairFeatures) -> None:
    changes = {"model.dropout": 0.3}
    first, _, history = train(features, changes)
    again, _, repeated = train(features, changes)
    assert history == repeated
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name])


def test_another_seed_other_weights(features: PairFeatures) -> None:
    first, _, _ = train(features)
    other, _, _ = train(features, {"train.seed": 1})
    assert not torch.equal(
        first.state_dict()["alignment.classifier.weight"],
        other.state_dict()["alignment.classifier.weight"],
    )


def scripted(*scores: float) -> tuple[type[ClassificationTask], list[torch.Tensor]]:
    """A task whose epoch i scores scores[i - 1] on dev, and the weights that dev saw."""
    weights: list[torch.Tensor] = []

    class Scripted(ClassificationTask):
        def evaluate(self) -> dict[str, float]:
            weights.append(self.model.image_encoder.fc.weight.detach().clone())
            return {"dev/f1_weighted": scores[len(weights) - 1]}

    return Scripted, weights


def test_keeps_the_best_epoch_not_the_last(features: PairFeatures) -> None:
    kind, weights = scripted(0.2, 0.6, 0.6, 0.5)
    model, best, history = train(features, {"train.epochs": 4}, kind)
    assert (best.epoch, best.score) == (2, 0.6)
    assert list(history) == [1, 2, 3, 4]
    assert torch.equal(model.image_encoder.fc.weight, weights[1])
    assert not torch.equal(weights[1], weights[3])
    assert not model.training


def test_patience_counts_epochs_without_a_better_one(features: PairFeatures) -> None:
    kind, _ = scripted(0.5, 0.4, 0.6, 0.6, 0.1, 0.9)
    _, best, history = train(features, {"train.epochs": 6, "train.patience": 2}, kind)
    assert best.epoch == 3
    assert list(history) == [1, 2, 3, 4, 5]


def test_a_dev_score_of_zero_still_leaves_weights(features: PairFeatures) -> None:
    kind, _ = scripted(0.0, 0.0)
    _, best, _ = train(features, {"train.epochs": 2}, kind)
    assert best.epoch == 1
    assert best.weights


def test_test_split_is_not_touched(features: PairFeatures, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[int] = set()
    gather = features.gather
    monkeypatch.setattr(features, "gather", lambda rows: seen.update(rows.tolist()) or gather(rows))
    train(features)
    assert seen == {*features.rows("train"), *features.rows("dev")}


def test_loss_that_is_not_finite_stops_and_names_the_pairs(tmp_path: Path) -> None:
    corpus = tiny_corpus()
    row = corpus.text_keys.index("text007")
    corpus.bert["vectors"][corpus.bert["offsets"][row]] = math.inf
    features = corpus.features(tmp_path)
    message = r"epoch 1, step \d: loss nan.* lr 0\.001; the batch's pairs: (.*, )?p7[,. ]"
    with pytest.raises(UserError, match=message):
        train(features, {"train.batch_size": 8})


def test_step_that_destroys_the_weights_stops_within_the_epoch(features: PairFeatures) -> None:
    with pytest.raises(UserError, match=r"training broke off in epoch \d+, step \d"):
        train(features, {"train.lr": 1e30, "train.epochs": 5})


def test_clipping_bounds_the_step(features: PairFeatures) -> None:
    """Adam forgets the scale of gradients but for its epsilon: clipped to nothing, it rests."""
    torch.manual_seed(0)
    still, _, _ = train(features, {"train.clip_norm": 1e-30, "train.epochs": 1})
    moved, _, _ = train(features, {"train.epochs": 1})
    seed_everything(0)
    start = AnANet(still.config).image_encoder.fc.weight
    assert torch.equal(still.image_encoder.fc.weight, start)
    assert not torch.equal(moved.image_encoder.fc.weight, start)


def test_the_epoch_is_selected_by_the_score_that_params_name(features: PairFeatures) -> None:
    for name in ("f1_weighted", "f1_macro"):
        settings = {"train.select_by": name, "train.epochs": 8, "train.patience": 8}
        _, best, history = train(features, settings)
        assert best.score == max(figures[f"dev/{name}"] for figures in history.values())


def test_a_new_model_knows_how_rare_each_class_is(features: PairFeatures) -> None:
    params = tiny_params({"loss.classification": "class_weighted"})
    model = new_ananet(params, features)
    labels = features.labels[features.rows("train")].tolist()
    expected = [len(labels) / (3 * labels.count(label)) for label in range(3)]
    assert model.class_weights.tolist() == pytest.approx(expected)
    assert "class_weights" not in model.state_dict()


@pytest.mark.parametrize(("norm", "mixed"), [("none", False), ("batch", True)])
def test_normalised_votes_train_on_texts_of_all_lengths(
    features: PairFeatures, norm: str, mixed: bool
) -> None:
    params = tiny_params({"model.vote_norm": norm, "train.batch_size": 16})
    task = ClassificationTask(new_ananet(params, features), features, params.train)
    batches = task.batches(1)
    assert sorted(np.concatenate(batches)) == features.rows("train").tolist()
    lengths = features.arrays.lengths
    within = np.mean([lengths[batch].std() for batch in batches])
    assert (within > 0.8 * lengths[features.rows("train")].std()) == mixed
