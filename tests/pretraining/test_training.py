"""Pretraining finds out which images and texts belong together, and hands on what it learned."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from pipeline.classifier_training.classification import ClassificationTask
from pipeline.corpus.wrong_pairs import with_wrong_pairs
from pipeline.dataset.pairs import PairFeatures
from pipeline.errors import UserError
from pipeline.initialisation.ananet import new_ananet
from pipeline.initialisation.pretrained import start_from_pretrained
from pipeline.models.ananet_matcher import AnANetMatcher, Sides
from pipeline.models.classifier import TEXT_NAMES
from pipeline.models.correspondence_memory import CorrespondenceMemory
from pipeline.models.matching_losses import related_loss
from pipeline.models.saved import AnANetEncoders
from pipeline.params.pretrain import PretrainParams, load_pretrain_params
from pipeline.params.project import Params
from pipeline.pretraining.relatedness import Relatedness
from pipeline.pretraining.training import Pretrained, PretrainingTask, new_matcher, pretrain
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from pipeline.training.task import Log
from tests.tiny import ROOT, tiny_params
from tests.tiny_corpus import LABELS, load, tiny_corpus
from tests.training.resuming import assert_goes_on

WIDTHS = {"model.hidden": 16, "association.d_inv": 8, "association.d_var": 8}


def pretrain_params(changes: dict[str, Any] | None = None) -> PretrainParams:
    values = load_pretrain_params(ROOT / "stages/pretrain/params.yaml").model_dump()
    small = {"train.stages": [4], "train.batch_size": 12, "train.lr": 0.02}
    for key, value in {**small, **(changes or {})}.items():
        section, name = key.split(".")
        values[section][name] = value
    return PretrainParams.model_validate(values)


@pytest.fixture
def features(tmp_path: Path) -> PairFeatures:
    """Pairs whose text is of the type that goes with the image's; labels say nothing."""
    corpus = tiny_corpus()
    pairs = corpus.pairs[corpus.pairs["label"] == "irrelevant"]
    corpus.pairs = pairs.assign(label=[LABELS[i % 2] for i in range(len(pairs))])
    corpus.write(tmp_path)
    return load(tmp_path, tiny_params(WIDTHS).model)


def learn(features: PairFeatures, changes: dict[str, Any] | None = None) -> Pretrained:
    params = pretrain_params(changes)
    return pretrain(features, params, tiny_params(WIDTHS), lambda epoch, figures: None)


def test_learns_what_belongs_together(features: PairFeatures) -> None:
    # Of a type there are several images, and any of them may come first.
    untrained = learn(features, {"train.lr": 1e-9})
    assert learn(features).dev["dev/sum_r1"] > untrained.dev["dev/sum_r1"]


def test_too_few_pairs_are_named(features: PairFeatures) -> None:
    few = features.without(features.rows("dev")[1:])
    with pytest.raises(UserError, match="the dev split has 1"):
        learn(few)


@pytest.mark.parametrize("loss", ["infonce", "active_complementary"])
def test_resumes(features: PairFeatures, tmp_path: Path, loss: str) -> None:
    changes = {"loss.name": loss, "correction.warm_up": 1, "correction.threshold": 0.01}
    params = pretrain_params(changes)
    main = tiny_params({**WIDTHS, "model.dropout": 0.2})

    def train(log: Log, checkpoint: Checkpoint | None) -> nn.Module:
        seed_everything(0)
        memory = CorrespondenceMemory(len(features.rows("train")), params.correction)
        matcher = new_matcher(features, main)
        task = PretrainingTask(matcher, features, params, memory, 0)
        fit(task, log, checkpoint, progress=False)
        return matcher

    assert_goes_on(train, tmp_path)


def test_targets_of_related_pairs_are_taken_from_their_texts(features: PairFeatures) -> None:
    """The first rows are dev's, so that no pair's place among the train pairs is its row."""
    features.splits[:3] = "dev"
    params = pretrain_params({"loss.target_temperature": 0.2})
    memory = CorrespondenceMemory(len(features.rows("train")), params.correction)
    matcher = new_matcher(features, tiny_params(WIDTHS))
    task = PretrainingTask(matcher, features, params, memory, 0)
    rows = features.rows("train")[4:9]
    inputs = features.gather(rows).inputs
    texts = matcher.encode_texts(*(inputs.pop(name) for name in TEXT_NAMES))
    found = matcher.similarities(matcher.encode_images(**inputs), texts)
    related = Relatedness.of(features, features.rows("train"))(torch.arange(4, 9))
    losses = [
        related_loss(s, related, params.loss.temperature, 0.2) for s in (*found, found.sum(0))
    ]
    expected = torch.stack(losses).sum().item()
    (batch,) = task.read([rows])
    assert task.backward(rows, batch).item() == pytest.approx(expected, rel=1e-5)


def test_regions_are_left_out_in_training_alone(
    features: PairFeatures, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = []

    def encode_images(matcher: AnANetMatcher, regions: Tensor, region_mask: Tensor) -> Sides:
        counts.append(regions.shape[1])
        return encode(matcher, regions, region_mask)

    encode = AnANetMatcher.encode_images
    monkeypatch.setattr(AnANetMatcher, "encode_images", encode_images)
    learn(features, {"train.drop_regions": 0.4, "train.stages": [1]})
    evaluated, trained = 5, 3
    assert set(counts) == {evaluated, trained}
    assert counts[0] == trained
    assert counts[-1] == evaluated


def test_only_infonce_has_targets() -> None:
    with pytest.raises(ValueError, match="target_temperature must be 0 with name = 'hinge'"):
        pretrain_params({"loss.name": "hinge", "loss.target_temperature": 0.1})


def save(found: Pretrained, params: Params, features: PairFeatures, folder: Path) -> None:
    found.matcher.save_pretrained(folder)
    AnANetEncoders.of(params, features.arrays.fingerprints).save(folder)


@pytest.mark.parametrize("changes", [{"train.frozen_epochs": 2}, {"train.encoder_rate": 0.0}])
def test_a_model_starts_from_it_and_keeps_it_while_frozen(
    changes: dict[str, Any], features: PairFeatures, tmp_path: Path
) -> None:
    params = tiny_params({**WIDTHS, **changes, "train.epochs": 2, "train.batch_size": 12})
    save(learn(features), params, features, tmp_path)
    model = new_ananet(params, features)
    start_from_pretrained(model, features, tmp_path)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    matcher = AnANetMatcher.from_pretrained(tmp_path)
    assert torch.equal(before["association.W.weight"], matcher.W.weight)
    assert torch.equal(before["image_encoder.mean"], matcher.image_encoder.mean)

    fit(ClassificationTask(model, features, params.train), lambda e, f: None, progress=False)
    moved = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    assert {"association.classifier.weight", "association.P_image.weight"} <= moved
    encoders = ("image_encoder", "text_encoder", "association.W")
    assert not {name for name in moved if name.startswith(encoders)}


def test_encoders_of_scenes_are_handed_on_too(tmp_path: Path) -> None:
    params = tiny_params({**WIDTHS, "model.scenes": "scenes.h5"})
    features = tiny_corpus().features(tmp_path, {**WIDTHS, "model.scenes": "scenes.h5"})
    untrained = new_matcher(features, params).scene_encoder.pooled
    found = pretrain(features, pretrain_params(), params, lambda epoch, figures: None)
    learned = found.matcher.scene_encoder.pooled
    assert torch.equal(
        learned.mean, features.arrays.scene_moments(features.rows("train"))["pooled"][0]
    )
    assert not torch.equal(learned.fc.bias, untrained.fc.bias)
    save(found, params, features, tmp_path)
    model = new_ananet(params, features)
    start_from_pretrained(model, features, tmp_path)
    kept = AnANetMatcher.from_pretrained(tmp_path).scene_encoder.state_dict()
    for name, value in kept.items():
        assert torch.equal(model.scene_encoder.state_dict()[name], value)
    encoders = {id(parameter) for parameter in model.encoder_parameters()}
    assert {id(parameter) for parameter in model.scene_encoder.parameters()} <= encoders


def test_encoders_move_at_a_rate_of_their_own(features: PairFeatures) -> None:
    steps = {}
    for rate in (1.0, 0.1):
        params = tiny_params({**WIDTHS, "train.encoder_rate": rate, "train.epochs": 1})
        seed_everything(0)
        model = new_ananet(params, features)
        with torch.no_grad():
            model.association.classifier.weight.normal_()
        before = model.image_encoder.fc.weight.detach().clone()
        task = ClassificationTask(model, features, params.train)
        rows = task.batches(1)[0]
        task.backward(rows, next(task.read([rows])))
        task.optimizer.step()
        steps[rate] = float((model.image_encoder.fc.weight.detach() - before).abs().max())
    assert steps[0.1] == pytest.approx(0.1 * steps[1.0], rel=1e-3)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model.hidden": 8}, "model.hidden = 8; allowed with these weights: 16"),
        ({"association.d_inv": 4, "association.d_var": 4}, "association.d_inv = 4; allowed.*8"),
        ({"model.scenes": "scenes.h5"}, "model.scenes = 'scenes.h5'; allowed.*'none'"),
        ({"model.bigru_merge": "sum"}, "model.bigru_merge = 'sum'; allowed.*'concat'"),
    ],
)
def test_what_does_not_fit_is_refused(
    features: PairFeatures, tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    save(learn(features, {"train.stages": [1]}), tiny_params(WIDTHS), features, tmp_path)
    model = new_ananet(tiny_params({**WIDTHS, **changes}), features)
    with pytest.raises(UserError, match=message):
        start_from_pretrained(model, features, tmp_path)


def test_features_of_other_encoders_are_refused_but_other_versions_are_not(
    features: PairFeatures, tmp_path: Path
) -> None:
    params = tiny_params(WIDTHS)
    save(learn(features, {"train.stages": [1]}), params, features, tmp_path)
    fingerprint = features.arrays.fingerprints["bert.h5"]
    fingerprint["torch"] = "another"
    start_from_pretrained(new_ananet(params, features), features, tmp_path)
    fingerprint["encoder"] = "another"
    with pytest.raises(UserError, match=r"trained with bert\.h5.*\n.*encoder: 'bert'"):
        start_from_pretrained(new_ananet(params, features), features, tmp_path)


def test_wrong_pairs_are_of_the_asked_share_and_in_train_only() -> None:
    pairs = tiny_corpus().pairs.assign(image_key=[f"i{n}" for n in range(105)])
    noisy = with_wrong_pairs(pairs, 0.5, 0)
    wrong = noisy["image_key"] != pairs["image_key"]
    assert not wrong[pairs["split"] != "train"].any()
    assert 24 <= wrong.sum() <= 30
    assert sorted(noisy["image_key"]) == sorted(pairs["image_key"])
    assert noisy.drop(columns="image_key").equals(pairs.drop(columns="image_key"))
    assert with_wrong_pairs(pairs, 0.5, 0).equals(noisy)
    assert np.array_equal(with_wrong_pairs(pairs, 0.0, 0), pairs)
