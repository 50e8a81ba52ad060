"""Stacked cross attention against a loop over queries and sources."""

from math import exp, log, sqrt

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.models.scan import SCAN, cross_attention, log_sum_exp, relevance
from tests.models.tiny_baselines import build, inputs


def weights_by_hand(query: list[Tensor], source: list[Tensor], smooth: float) -> np.ndarray:
    scores = np.zeros((len(query), len(source)))
    for i, asks in enumerate(query):
        for j, answers in enumerate(source):
            dot = float((asks @ answers).detach())
            scores[i, j] = dot if dot > 0 else 0.1 * dot
    for j in range(len(source)):  # one step: over all that ask for source j
        scores[:, j] /= sqrt(sum(score**2 for score in scores[:, j]))
    for i in range(len(query)):  # the other: over all that query i may take
        raised = [exp(smooth * score) for score in scores[i]]
        scores[i] = [value / sum(raised) for value in raised]
    return scores


def relevance_by_hand(query: list[Tensor], source: list[Tensor], smooth: float) -> list[float]:
    found = []
    for asks, weights in zip(query, weights_by_hand(query, source, smooth), strict=True):
        attended = sum(w * answers for w, answers in zip(weights, source, strict=True))
        assert isinstance(attended, Tensor)
        found.append(float(asks @ attended / (asks.norm() * attended.norm())))
    return found


def test_normalises_over_queries_then_over_sources() -> None:
    torch.manual_seed(0)
    query, source = torch.randn(1, 4, 3).double(), torch.randn(1, 5, 3).double()
    all_q, all_s = torch.ones(1, 4, dtype=torch.bool), torch.ones(1, 5, dtype=torch.bool)
    found = cross_attention(query @ source.transpose(1, 2), all_q, all_s, smooth=9.0)[0]
    expected = weights_by_hand(list(query[0]), list(source[0]), smooth=9.0)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    np.testing.assert_allclose(found.sum(1), 1)
    cosines = relevance(query, all_q, source, all_s, smooth=9.0)[0]
    by_hand = relevance_by_hand(list(query[0]), list(source[0]), smooth=9.0)
    np.testing.assert_allclose(cosines, by_hand, atol=1e-12)


def test_log_sum_exp_takes_only_what_is_there() -> None:
    values = torch.tensor([[0.2, 0.5, 9.0], [1.0, 1.0, 1.0]]).double()
    mask = torch.tensor([[True, True, False], [False, False, False]])
    found = log_sum_exp(values, mask, 6.0)
    assert found[0].item() == pytest.approx(log(exp(1.2) + exp(3.0)) / 6)
    assert found[1].item() == 0


def test_classifier_sees_both_directions_one_by_one_and_pooled() -> None:
    model, own = build(SCAN), inputs(SCAN)
    found = model(**own).logits
    for row in range(3):
        present = own["region_mask"][row]
        v = [x / x.norm() for x in model.project(own["regions"][row][present])]
        states = model.bigru(own["words"][row, own["word_mask"][row]].unsqueeze(0))[0][0]
        e = [x / x.norm() for x in (states[:, :4] + states[:, 4:]) / 2]
        r_e = relevance_by_hand(e, v, 9.0)
        r_v = relevance_by_hand(v, e, 4.0)
        slots = np.zeros(5)
        slots[present.numpy()] = r_v
        lse_e = log(sum(exp(6 * r) for r in r_e)) / 6
        lse_v = log(sum(exp(5 * r) for r in r_v)) / 5
        pooled = [lse_e, np.mean(r_e), lse_v, np.mean(r_v)]
        joined = torch.tensor([*r_e, *[0.0] * (7 - len(r_e)), *slots, *pooled]).double()
        torch.testing.assert_close(found[row], model.classifier(joined))
