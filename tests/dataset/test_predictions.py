"""Predictions belong to their pairs, and come from the model's own votes."""

import numpy as np
import pytest
import torch

from pipeline.dataset.pairs import PairFeatures
from pipeline.dataset.predictions import predict
from pipeline.errors import UserError
from pipeline.evaluation.metrics import evaluation_metrics
from pipeline.metrics.pair_predictions import predict_pairs
from pipeline.models.ananet import AnANet
from pipeline.models.classifier import apply_model
from tests.tiny import opinionated, tiny_config
from tests.tiny_corpus import D_B, D_G, D_R, LABELS, SIZES, K, tiny_corpus


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> PairFeatures:
    return tiny_corpus().features(tmp_path_factory.mktemp("features"))


def build(streams: str = "both") -> AnANet:
    torch.manual_seed(0)
    sizes = {"region_dim": D_R, "word_dim": D_G + D_B, "regions": K}
    changes = {"model.streams": streams, "model.dropout": 0.5}
    return opinionated(AnANet(tiny_config(changes, **sizes)))


def test_each_pair_gets_its_own_prediction(features: PairFeatures) -> None:
    model = build()
    found = predict(model, features, "test", batch_size=7)
    rows = features.rows("test")
    assert found.ids == [f"p{row}" for row in rows]
    assert found.gold.tolist() == features.labels[rows].tolist()
    for i, row in enumerate(rows):
        with torch.no_grad():
            output = apply_model(model.eval(), features.gather(np.array([row])).inputs)
        expected = output.logits.softmax(-1)[0].numpy()
        np.testing.assert_allclose(found.probabilities[i], expected, atol=1e-6)
        assert output.association is not None
        assert output.alignment is not None
        assert found.streams["association"][i] == output.association.logits.argmax()
        assert found.streams["alignment"][i] == output.alignment.logits.argmax()


def test_losses_are_means_over_pairs(features: PairFeatures) -> None:
    in_parts = predict(build(), features, "dev", batch_size=7).losses
    whole = predict(build(), features, "dev", batch_size=SIZES["dev"]).losses
    assert in_parts == pytest.approx(whole, rel=1e-5)


@pytest.mark.parametrize(
    ("streams", "own"),
    [
        ("both", {"association", "alignment"}),
        ("alignment", {"alignment"}),
        ("association", {"association"}),
        ("none", set()),
    ],
)
def test_streams_that_the_model_has_are_judged_on_their_own(
    features: PairFeatures, streams: str, own: set[str]
) -> None:
    found = predict(build(streams), features, "test")
    metrics = evaluation_metrics(found, LABELS, resamples=20, seed=0)
    assert found.streams.keys() == own
    common = {"accuracy", "f1_weighted", "f1_macro", "tau_c", *(f"f1.{name}" for name in LABELS)}
    bounded = ("accuracy", "f1_weighted", "f1_macro")
    intervals = {f"{n}_{end}" for n in bounded for end in ("low", "high")}
    votes = {f"{stream}_{name}" for stream in own for name in ("accuracy", "f1_weighted")}
    assert metrics.keys() == common | intervals | votes
    for stream in own:
        accuracy = (found.streams[stream] == found.gold).mean()
        assert metrics[f"{stream}_accuracy"] == pytest.approx(accuracy)


def test_single_stream_model_votes_as_it_predicts(features: PairFeatures) -> None:
    found = predict(build("alignment"), features, "test")
    np.testing.assert_array_equal(found.streams["alignment"], found.predicted)


@pytest.mark.parametrize("streams", ["association", "alignment"])
def test_probabilities_that_are_not_finite_are_no_predictions(
    features: PairFeatures, streams: str
) -> None:
    model = build(streams)
    with torch.no_grad():  # finite weights, but the logits of two classes are inf - inf
        for name, weight in model.named_parameters():
            if name.endswith("classifier.weight"):
                weight.mul_(1e38)
    with pytest.raises(UserError, match=r"output for 'p\d+' is not finite"):
        predict(model, features, "test")
    with pytest.raises(UserError, match=r"output for 'p\d+' is not finite"):
        predict_pairs(model, features, features.rows("test"))
