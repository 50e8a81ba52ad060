"""AnANet's equations and sizes against loops and figures written from the paper."""

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from pipeline.models.ananet import AnANet, AnANetOutput
from tests.models.naive_ananet import NaivePair, naive_loss, naive_pair
from tests.models.tiny_batch import LABELS, LENGTHS, PRESENT, SCENES, Batch, build
from tests.tiny import PAPER_WIDTHS, tiny_config

# One entry per choice that params.yaml offers, beside its defaults.
VARIANTS: list[dict[str, Any]] = [
    {},
    {"fusion.lambda": 0.7, "fusion.eta": 1.3},
    *({"model.streams": name} for name in ("association", "alignment", "none")),
    {"model.streams": "none", "model.concat_hidden": 3},
    *({"model.bigru_merge": name} for name in ("mean", "sum")),
    *(
        {"association.features": name}
        for name in ("var", "raw", "var+raw", "inv+raw", "inv+var", "inv+var+raw")
    ),
    {"association.orthogonality": "wpt"},
    {"association.orthogonality": "wpt", "association.d_var": 3},
    {"association.orthogonality": "feature"},
    {"association.orthogonality": "wpt", "loss.orth_norm": "div_dim", "association.d_var": 3},
    {"loss.orth_norm": "div_dim"},
    {"loss.orth_squared": True},
    {"loss.inv_squared": True},
    {"loss.reduction": "sum"},
    {"alignment.softmax_axis": "first"},
    *({"alignment.scale": name} for name in ("sqrt_d", "cosine")),
    {"alignment.scale": "cosine", "alignment.temperature": 0.2, "alignment.softmax_axis": "first"},
    {"association.product": True},
    {"alignment.summary": True},
    {"model.vote_norm": "batch"},
    {"association.product": True, "alignment.summary": True, "model.vote_norm": "batch"},
    *({"model.scenes": "scenes.h5", "model.streams": name} for name in ("both", "none")),
    {"model.scenes": "scenes.h5", "alignment.summary": True, "alignment.scale": "sqrt_d"},
]


def weights_of(model: AnANet) -> dict[str, Any]:
    return {name: value.detach().numpy() for name, value in model.state_dict().items()}


def naive_batch(model: AnANet, batch: Batch) -> list[NaivePair]:
    weights = weights_of(model)
    return [
        naive_pair(
            weights,
            model.config,
            batch.regions[i].numpy(),
            PRESENT[i],
            batch.words[i, : LENGTHS[i]].numpy(),
            [batch.pooled[i].numpy(), *batch.grid[i].numpy()]
            if model.config.scene.cells and SCENES[i]
            else [],
        )
        for i in range(3)
    ]


def assert_near(actual: Tensor, expected: Any) -> None:
    np.testing.assert_allclose(actual.detach().numpy(), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("changes", VARIANTS, ids=str)
def test_forward_and_loss_are_those_of_the_paper(changes: dict[str, Any]) -> None:
    model, batch = build(tiny_config(changes)), Batch()
    output = model(*batch.inputs_of(model))
    naive = naive_batch(model, batch)

    for row, pair in enumerate(naive):
        assert_near(output.logits[row], pair.logits)
        compare_association(output, row, pair)
        compare_alignment(output, row, pair)
    expected = naive_loss(naive, LABELS, weights_of(model), model.config)
    terms = model.loss(output, torch.tensor(LABELS))
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        # The roots hold loss.eps, which the paper's norms do not.
        assert terms[name].item() == pytest.approx(value, rel=1e-9)


def compare_association(output: AnANetOutput, row: int, pair: NaivePair) -> None:
    if output.association is None:
        assert pair.association is None
        return
    assert_near(output.association.logits[row], pair.association)
    assert_near(output.association.f_inv_image[row], pair.f_inv["image"])
    assert_near(output.association.f_inv_text[row], pair.f_inv["text"])
    assert_near(output.association.f_var_image[row], pair.f_var["image"])
    assert_near(output.association.f_var_text[row], pair.f_var["text"])


def compare_alignment(output: AnANetOutput, row: int, pair: NaivePair) -> None:
    if output.alignment is None:
        assert pair.alignment is None
        return
    words = len(pair.T)
    assert_near(output.alignment.logits[row], pair.alignment)
    assert_near(output.alignment.A_t2v[row, :, :words], pair.A_t2v)
    assert_near(output.alignment.A_v2t[row, :words], pair.A_v2t)
    assert_near(output.alignment.v_bar[row], pair.v_bar)
    assert_near(output.alignment.t_bar[row], pair.t_bar)


def test_naive_reading_lets_padding_take_part() -> None:
    config = tiny_config({"model.mask_padding": False})
    model, batch = build(config), Batch()
    output = model(*batch.inputs())
    for row, length in enumerate(LENGTHS):
        words = np.zeros((config.max_words, config.word_dim))
        words[:length] = batch.words[row, :length].numpy()
        regions = batch.regions[row].numpy()
        naive = naive_pair(weights_of(model), config, regions, PRESENT[row], words)
        assert_near(output.logits[row], naive.logits)
        assert output.alignment is not None
        assert_near(output.alignment.A_t2v[row], naive.A_t2v)


def test_naive_reading_does_not_depend_on_what_padding_holds() -> None:
    model, batch = build(tiny_config({"model.mask_padding": False})), Batch()
    shorter = [value[2:] for value in batch.inputs()]
    shorter[2], shorter[3] = shorter[2][:, :1], shorter[3][:, :1]
    assert_near(model(*shorter).logits[0], model(*batch.inputs()).logits[2].detach())


def test_standardising_is_a_change_of_eq_1_s_weights() -> None:
    model, batch = build(tiny_config()), Batch()
    before = model(*batch.inputs()).logits.detach()
    mean, spread = torch.randn(5).double(), torch.rand(5).double() + 0.5
    spread[2] = 0  # a channel that never changes is only moved
    scale = torch.where(spread > 0, 2 * spread, 1.0)
    encoder = model.image_encoder
    encoder.standardize(mean, spread)
    with torch.no_grad():
        encoder.fc.bias += encoder.fc.weight @ mean
        encoder.fc.weight *= scale
    assert_near(model(*batch.inputs()).logits, before.numpy())


def test_scene_is_standardised_as_regions_are() -> None:
    model, batch = build(tiny_config({"model.scenes": "scenes.h5"})), Batch()
    before = model(*batch.inputs_of(model)).logits.detach()
    moments = {
        "pooled": (torch.randn(4), torch.rand(4) + 1),
        "grid": (torch.randn(2), torch.ones(2)),
    }
    model.scene_encoder.standardize(moments)
    for name in ("pooled", "grid"):
        mean, spread = (x.double() for x in moments[name])
        values = getattr(batch, name)
        setattr(batch, name, mean + 2 * spread * values)
    assert_near(model(*batch.inputs_of(model)).logits, before.numpy())


def test_a_model_reads_scenes_only_when_told_to() -> None:
    both = {"regions", "region_mask", "words", "word_mask", "lengths"}
    assert {*AnANet(tiny_config()).features()} == both
    with_scenes = AnANet(tiny_config({"model.scenes": "scenes.h5"}))
    assert {*with_scenes.features()} == both | {"pooled", "grid", "scene_mask"}


PAPER_SIZES = {"region_dim": 2048, "word_dim": 968, "regions": 36, "max_words": 100}


def test_parameter_count_at_the_paper_s_sizes() -> None:
    model = AnANet(tiny_config(PAPER_WIDTHS, **PAPER_SIZES))
    assert model.association is not None
    assert model.alignment is not None

    def count(module: torch.nn.Module) -> int:
        return sum(value.numel() for value in module.parameters())

    assert count(model.image_encoder) == 2_098_176
    assert count(model.text_encoder) == 4_552_704
    assert count(model.association) == 614_400 + 1_203
    assert count(model.alignment) == 411
    assert count(model) == 7_266_894


@pytest.mark.parametrize(
    ("features", "r_g"),
    [
        ("inv", 400),
        ("var", 400),
        ("raw", 2048),
        ("var+raw", 2448),
        ("inv+raw", 2448),
        ("inv+var", 800),
        ("inv+var+raw", 2848),
    ],
)
def test_width_of_r_g_in_each_row_of_table_vi(features: str, r_g: int) -> None:
    model = AnANet(tiny_config(PAPER_WIDTHS | {"association.features": features}))
    assert model.association is not None
    assert model.association.classifier.weight.shape == (3, r_g)


def test_orthogonal_output_spaces_cost_nothing_in_single_precision() -> None:
    """W^T P = 0 without W or P being zero; the norm is computed from two small Gram matrices."""
    model = AnANet(tiny_config(PAPER_WIDTHS))
    assert model.association is not None
    turn = torch.linalg.qr(torch.randn(200, 200))[0]
    with torch.no_grad():
        W, P = model.association.W.weight, model.association.P_image.weight
        start = float(model._product_norm(W, P))
        W[:100], P[100:] = 0, 0
        W.copy_(turn @ W)
        P.copy_(turn @ P)
        assert W.norm() > 1
        assert P.norm() > 1
        assert float(model._product_norm(W, P)) < 1e-3 * start


def test_a_new_model_leans_to_no_class_and_learns() -> None:
    torch.manual_seed(0)
    model, batch = AnANet(tiny_config()).double(), Batch()
    output = model(*batch.inputs())
    assert not output.logits.any()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(60):
        optimizer.zero_grad()
        model.loss(model(*batch.inputs()), torch.tensor(LABELS))["classification"].backward()
        optimizer.step()
    assert model(*batch.inputs()).logits.argmax(1).tolist() == list(LABELS)
