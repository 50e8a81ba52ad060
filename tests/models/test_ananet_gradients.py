"""Gradients flow in AnANet where they must, and nowhere else."""

from typing import Any

import pytest
import torch
from torch import Tensor

from tests.models.tiny_batch import LABELS, Batch, build, gradients
from tests.tiny import tiny_config


def reached(found: dict[str, Tensor]) -> set[str]:
    """The modules that a gradient reaches."""
    return {name.rsplit(".", 1)[0] for name, value in found.items() if value.any()}


ENCODERS = {"image_encoder.fc", "text_encoder.bigru"}
PRIVATE = {"association.P_image", "association.P_text"}


@pytest.mark.parametrize("orthogonality", ["wtp", "wpt"])
def test_private_matrices_learn_from_orthogonality_alone(orthogonality: str) -> None:
    """Eq. 8 leaves f_var out of the classification."""
    model, batch = build(tiny_config({"association.orthogonality": orthogonality})), Batch()
    heads = {"association.W", "association.classifier", "alignment.classifier"}
    assert reached(gradients(model, batch, "classification")) == ENCODERS | heads
    assert reached(gradients(model, batch, "invariant")) == ENCODERS | {"association.W"}
    assert reached(gradients(model, batch, "orthogonal")) == PRIVATE | {"association.W"}

    total = gradients(model, batch)
    orthogonal = gradients(model, batch, "orthogonal")
    for name in PRIVATE:
        torch.testing.assert_close(total[f"{name}.weight"], 2.0 * orthogonal[f"{name}.weight"])


def test_feature_orthogonality_reaches_the_encoders() -> None:
    model, batch = build(tiny_config({"association.orthogonality": "feature"})), Batch()
    found = reached(gradients(model, batch, "orthogonal"))
    assert found == PRIVATE | ENCODERS | {"association.W"}


def test_without_alpha_and_beta_only_the_classification_teaches() -> None:
    model, batch = build(tiny_config({"loss.alpha": 0.0, "loss.beta": 0.0})), Batch()
    total, classification = gradients(model, batch), gradients(model, batch, "classification")
    assert reached(total) & PRIVATE == set()
    for name, value in classification.items():
        torch.testing.assert_close(total[name], value)


def test_alpha_and_beta_weigh_their_own_terms() -> None:
    model, batch = build(tiny_config({"loss.alpha": 0.3, "loss.beta": 1.7})), Batch()
    weights = {"classification": 1.0, "invariant": 0.3, "orthogonal": 1.7}
    parts = {term: gradients(model, batch, term) for term in weights}
    for name, value in gradients(model, batch).items():
        expected = sum(weight * parts[term][name] for term, weight in weights.items())
        torch.testing.assert_close(value, expected)


@pytest.mark.parametrize(
    ("changes", "heads"),
    [
        (
            {"association.features": "var"},
            PRIVATE | {"association.W", "association.classifier", "alignment.classifier"},
        ),
        (
            {"model.streams": "association"},
            PRIVATE | {"association.W", "association.classifier"},
        ),
        ({"model.streams": "alignment"}, {"alignment.classifier"}),
        ({"model.streams": "none"}, {"concat.0"}),
        (
            {"fusion.eta": 0.0},
            PRIVATE | {"association.W", "association.classifier"},
        ),
        (
            {"fusion.lambda": 0.0, "loss.alpha": 0.0, "loss.beta": 0.0},
            {"alignment.classifier"},
        ),
    ],
    # A set has another order in each process.
    ids=lambda value: str(value if isinstance(value, dict) else sorted(value)),
)
def test_gradient_reaches_what_takes_part_and_nothing_else(
    changes: dict[str, Any], heads: set[str]
) -> None:
    assert reached(gradients(build(tiny_config(changes)), Batch())) == ENCODERS | heads


@pytest.mark.parametrize("streams", ["alignment", "none"])
def test_terms_of_the_association_net_leave_with_it(streams: str) -> None:
    model, batch = build(tiny_config({"model.streams": streams})), Batch()
    terms = model.loss(model(*batch.inputs()), torch.tensor(LABELS))
    assert terms.keys() == {"classification", "total"}
    assert terms["total"] == terms["classification"]


def test_padding_and_missing_regions_get_no_gradient() -> None:
    model, batch = build(tiny_config()), Batch()
    batch.regions.requires_grad_()
    batch.words.requires_grad_()
    gradients(model, batch)
    for values, mask in ((batch.regions, batch.region_mask), (batch.words, batch.word_mask)):
        assert values.grad is not None
        assert values.grad[mask].any(-1).all()
        assert not values.grad[~mask].any()
