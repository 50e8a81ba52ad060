"""Padding, missing regions, order and company of the pairs change nothing in AnANet."""

from typing import Any

import pytest
import torch

from pipeline.errors import UserError
from tests.models.tiny_batch import LENGTHS, Batch, build, gradients
from tests.tiny import tiny_config


@pytest.mark.parametrize("scale", ["none", "cosine"])
def test_attention_rows_are_weights_over_what_is_there(scale: str) -> None:
    model, batch = build(tiny_config({"alignment.scale": scale})), Batch()
    found = model(*batch.inputs()).alignment
    for weights, rows, columns in (
        (found.A_t2v, batch.region_mask, batch.word_mask),
        (found.A_v2t, batch.word_mask, batch.region_mask),
    ):
        torch.testing.assert_close(weights.sum(2)[rows], torch.ones(int(rows.sum())).double())
        valid = rows.unsqueeze(2) & columns.unsqueeze(1)
        assert (weights[~valid] == 0).all()
    assert (found.t_bar[:, : batch.word_mask.shape[1]][~batch.word_mask] == 0).all()
    assert (found.v_bar[~batch.region_mask] == 0).all()


ALL_MASKED_VARIANTS = [
    *({"model.streams": name} for name in ("both", "association", "alignment", "none")),
    {"alignment.softmax_axis": "first"},
    {"alignment.scale": "cosine"},
    {"association.product": True, "alignment.summary": True, "model.vote_norm": "batch"},
    {"model.scenes": "scenes.h5", "alignment.summary": True},
]


@pytest.mark.parametrize("changes", ALL_MASKED_VARIANTS, ids=str)
def test_padding_and_missing_regions_have_no_influence(changes: dict[str, Any]) -> None:
    model, batch, other = build(tiny_config(changes)), Batch(words=7), Batch(words=7, seed=2)
    regions = torch.where(batch.region_mask.unsqueeze(2), batch.regions, other.regions)
    words = torch.where(batch.word_mask.unsqueeze(2), batch.words, 1e3 * other.words)
    expected = model(*batch.inputs_of(model)).logits
    batch.regions, batch.words = regions, words
    for name in ("pooled", "grid"):
        getattr(batch, name)[~batch.scene_mask] = 1e3
    found = model(*batch.inputs_of(model)).logits
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("changes", ALL_MASKED_VARIANTS, ids=str)
def test_pair_alone_and_in_any_batch_is_judged_alike(changes: dict[str, Any]) -> None:
    model, batch = build(tiny_config(changes)), Batch()
    together = model(*batch.inputs_of(model)).logits
    turned = model(*(value[[2, 0, 1]] for value in batch.inputs_of(model))).logits
    torch.testing.assert_close(turned, together[[2, 0, 1]], rtol=0, atol=1e-12)
    for row, length in enumerate(LENGTHS):
        inputs = [value[row : row + 1] for value in batch.inputs_of(model)]
        inputs[2:4] = (words[:, :length] for words in inputs[2:4])
        alone = model(*inputs).logits
        torch.testing.assert_close(alone[0], together[row], rtol=0, atol=1e-12)


@pytest.mark.parametrize("changes", ALL_MASKED_VARIANTS, ids=str)
def test_image_without_regions_stays_finite(changes: dict[str, Any]) -> None:
    model, batch = build(tiny_config(changes)).float(), Batch()
    for name in ("regions", "words", "pooled", "grid"):
        setattr(batch, name, getattr(batch, name).float())
    batch.region_mask[1] = False
    batch.regions[1] = 0
    assert model(*batch.inputs_of(model)).logits.isfinite().all()
    assert all(value.isfinite().all() for value in gradients(model, batch).values())


def test_shorter_padding_is_enough() -> None:
    """A batch need only be as long as its longest text; slots of W_l stay where they are."""
    model, batch = build(tiny_config()), Batch()
    rows = [0, 2]
    expected = model(*(value[rows] for value in batch.inputs())).logits
    regions, region_mask, words, word_mask = (value[rows] for value in batch.inputs())
    trimmed = model(regions, region_mask, words[:, :4], word_mask[:, :4])
    torch.testing.assert_close(trimmed.logits, expected, rtol=0, atol=1e-12)
    assert trimmed.alignment.A_t2v.shape == (2, 5, 4)
    assert trimmed.alignment.t_bar.shape == (2, 7)


def test_more_words_than_the_model_has_slots_for_are_refused() -> None:
    model = build(tiny_config())
    mask = torch.ones(1, 8, dtype=torch.bool)
    with pytest.raises(UserError, match=r"8 words.*7"):
        model(torch.zeros(1, 5, 5).double(), mask[:, :5], torch.zeros(1, 8, 3).double(), mask)


def test_dropout_acts_in_training_only() -> None:
    model, batch = build(tiny_config({"model.dropout": 0.5})), Batch()
    first, second = (model(*batch.inputs()).logits for _ in range(2))
    assert torch.equal(first, second)
    model.train()
    assert not torch.equal(model(*batch.inputs()).logits, first)
