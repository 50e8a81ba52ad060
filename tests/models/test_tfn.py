"""Tensor fusion against a loop over its definition."""

import torch

from pipeline.models.tfn import TFN, tensor_fusion
from tests.models.tiny_baselines import build, inputs


def test_fusion_holds_both_sides_their_products_and_one() -> None:
    z_t, z_v = torch.tensor([[2.0, 3.0]]), torch.tensor([[5.0, 7.0, 11.0]])
    found = tensor_fusion(z_t, z_v)
    assert found.tolist() == [[[10, 14, 22, 2], [15, 21, 33, 3], [5, 7, 11, 1]]]


def test_logits_are_judged_from_the_fused_tensor() -> None:
    model, own = build(TFN), inputs(TFN)
    z_v = model.image_subnet(own["pooled"])
    found = model(**own).logits
    for row in range(3):
        words = own["words"][row, own["word_mask"][row]]
        _, (state, _) = model.lstm(words.unsqueeze(0))
        t = [*model.text_layers(state[0, 0]).tolist(), 1.0]
        v = [*z_v[row].tolist(), 1.0]
        fused = torch.tensor([a * b for a in t for b in v]).double()
        torch.testing.assert_close(found[row], model.inference(fused))


def test_widths_are_those_of_the_outer_product() -> None:
    assert build(TFN).inference[1].in_features == (4 + 1) * (6 + 1)
