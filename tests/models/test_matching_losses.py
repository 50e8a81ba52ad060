"""CRCL's losses against values worked by hand, and loops over pairs."""

from collections.abc import Callable
from math import e, exp, log, tan

import pytest
import torch
from torch import Tensor

from pipeline.models.matching_losses import (
    active_complementary_loss,
    complementary_loss,
    estimates,
    hinge_loss,
    infonce_loss,
    related_loss,
)

S = torch.tensor([[0.9, 0.2, 0.4], [0.8, 0.5, -0.3], [0.1, 0.6, 0.2]]).double()
Y = torch.tensor([1.0, 0.0, 0.3]).double()
TAU = 0.5


def probabilities(rows: list[list[float]]) -> list[list[float]]:
    raised = [[exp(s / TAU) for s in row] for row in rows]
    return [[x / sum(row) for x in row] for row in raised]


def directions() -> list[list[list[float]]]:
    return [probabilities(S.tolist()), probabilities(S.T.tolist())]


@pytest.mark.parametrize(
    ("label", "expected"), [(1.0, 0.626523 + 5 * 0.551238), (0.0, 5 * 0.470161)]
)
def test_worked_example(label: float, expected: float) -> None:
    """Two pairs, S the identity, temperature 1: p_ii = q_ii = e / (1 + e)."""
    labels = torch.full((2,), label).double()
    found = active_complementary_loss(torch.eye(2).double(), labels, 1.0, 5.0, tangent=True)
    assert found.item() == pytest.approx(expected, abs=3e-6)
    assert estimates(torch.eye(2).double(), 1.0).tolist() == pytest.approx([e / (1 + e)] * 2)


@pytest.mark.parametrize("tangent", [True, False])
def test_active_complementary_against_a_loop(tangent: bool) -> None:
    active = complementary = 0.0
    shape = tan if tangent else float
    for p in directions():
        for i, row in enumerate(p):
            active -= float(Y[i]) * log(row[i])
            others = sum(shape(x) for j, x in enumerate(row) if j != i)
            complementary += others / sum(map(shape, row)) ** (1 - float(Y[i]))
    found = active_complementary_loss(S, Y, TAU, 3.0, tangent)
    assert found.item() == pytest.approx((active + 3 * complementary) / 3)


def test_complementary_against_a_loop() -> None:
    total = sum(
        -log(1 - x)
        for p in directions()
        for i, row in enumerate(p)
        for j, x in enumerate(row)
        if j != i
    )
    assert complementary_loss(S, TAU).item() == pytest.approx(total / 3)


def test_infonce_against_a_loop() -> None:
    total = -sum(log(p[i][i]) for p in directions() for i in range(3))
    assert infonce_loss(S, TAU).item() == pytest.approx(total / 3)


def test_related_against_a_loop() -> None:
    related = torch.tensor([[0.9, 0.3, 0.0], [0.2, 0.8, -0.1], [0.1, 0.4, 0.7]]).double()
    total = 0.0
    for p, rows in zip(directions(), (related, related.T), strict=True):
        for found, row in zip(p, rows.tolist(), strict=True):
            raised = [exp(x / 0.1) for x in row]
            total -= sum(t / sum(raised) * log(x) for t, x in zip(raised, found, strict=True))
    assert related_loss(S, related, TAU, 0.1).item() == pytest.approx(total / 3)


def test_related_at_a_low_temperature_is_infonce() -> None:
    found = related_loss(S, torch.eye(3).double(), TAU, 0.01)
    assert found.item() == pytest.approx(infonce_loss(S, TAU).item())


def test_hinge_takes_the_hardest_both_ways() -> None:
    # Images: 0.9 against 0.4, 0.5 against 0.8, 0.2 against 0.6; texts: 0.9 against 0.8,
    # 0.5 against 0.6, 0.2 against 0.4. Margin 0.2.
    expected = (0 + 0.5 + 0.6 + 0.1 + 0.3 + 0.4) / 3
    assert hinge_loss(S, 0.2).item() == pytest.approx(expected)


def test_a_distrusted_pair_is_bounded_and_not_attracted() -> None:
    """With y = 0 a pair's part is at most 1 per direction, however wrong the model has it."""
    wrong = torch.tensor([[-50.0, 50.0], [50.0, -50.0]]).double()
    found = active_complementary_loss(wrong, torch.zeros(2).double(), 1.0, 1.0, True)
    assert found.item() == pytest.approx(2.0)
    trusted = active_complementary_loss(wrong, torch.ones(2).double(), 1.0, 1.0, True)
    assert trusted.item() > 100


LOSSES: dict[str, Callable[[Tensor], Tensor]] = {
    "active_complementary": lambda s: active_complementary_loss(s, Y.float(), 0.05, 5.0, True),
    "complementary": lambda s: complementary_loss(s, 0.05),
    "hinge": lambda s: hinge_loss(s, 0.2),
    "infonce": lambda s: infonce_loss(s, 0.05),
}


@pytest.mark.parametrize("name", LOSSES)
def test_finite_where_the_model_is_sure(name: str) -> None:
    """Cosines of 1 and -1 at the paper's temperature, right or wrong."""
    for sign in (1.0, -1.0):
        similarity = (sign * (2 * torch.eye(3) - 1)).requires_grad_()
        loss = LOSSES[name](similarity)
        loss.backward()
        assert similarity.grad is not None
        assert loss.isfinite()
        assert similarity.grad.isfinite().all()


@pytest.mark.parametrize("name", LOSSES)
def test_order_of_pairs_does_not_matter_and_better_costs_less(name: str) -> None:
    worse, better = 0.1 * torch.rand(3, 3), torch.eye(3)
    assert LOSSES[name](better) < LOSSES[name](worse)
    if name != "active_complementary":  # whose labels would have to move along
        order = torch.tensor([2, 0, 1])
        torch.testing.assert_close(LOSSES[name](worse[order][:, order]), LOSSES[name](worse))
