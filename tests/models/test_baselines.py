"""What holds for every baseline: shapes, masks, independence of the batch, gradients."""

import pytest
import torch

from pipeline.models.classifier import Baseline
from pipeline.models.scan import SCAN
from pipeline.models.tfn import TFN
from tests.models.tiny_baselines import PARAMS, build, inputs
from tests.models.tiny_batch import LENGTHS

ALL = pytest.mark.parametrize("kind", PARAMS, ids=lambda kind: kind.__name__)


@ALL
def test_one_logit_per_pair_and_class(kind: type[Baseline]) -> None:
    logits = build(kind)(**inputs(kind)).logits
    assert logits.shape == (3, 3)
    assert logits.isfinite().all()


@ALL
def test_every_feature_that_is_read_counts(kind: type[Baseline]) -> None:
    model, own = build(kind), inputs(kind)
    expected = model(**own).logits
    for name, value in own.items():
        if not name.endswith("_mask"):
            found = model(**{**own, name: value.flip(-1)}).logits
            assert not torch.allclose(found, expected), name


@ALL
def test_padding_and_missing_regions_have_no_influence(kind: type[Baseline]) -> None:
    model, own, other = build(kind), inputs(kind), inputs(kind, seed=2)
    changed = dict(own)
    for name in ("word", "region"):
        if f"{name}s" in own:
            mask = own[f"{name}_mask"].unsqueeze(2)
            changed[f"{name}s"] = torch.where(mask, own[f"{name}s"], 1e3 * other[f"{name}s"])
    expected = model(**own).logits
    torch.testing.assert_close(model(**changed).logits, expected, rtol=0, atol=1e-12)


@ALL
def test_pair_alone_and_in_any_batch_is_judged_alike(kind: type[Baseline]) -> None:
    model, own = build(kind), inputs(kind)
    together = model(**own).logits
    for row, length in enumerate(LENGTHS):
        alone = {name: value[row : row + 1] for name, value in own.items()}
        alone["words"] = alone["words"][:, :length]
        alone["word_mask"] = alone["word_mask"][:, :length]
        torch.testing.assert_close(model(**alone).logits[0], together[row], rtol=0, atol=1e-12)


@ALL
def test_every_weight_gets_a_gradient(kind: type[Baseline]) -> None:
    model = build(kind).train()
    model.loss(model(**inputs(kind)), torch.tensor([2, 0, 1]))["total"].backward()
    for name, weight in model.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.isfinite().all(), name
        assert weight.grad.any(), name


def test_image_without_regions_stays_finite() -> None:
    model, own = build(SCAN).float(), inputs(SCAN)
    own = {
        name: value.float() if value.is_floating_point() else value for name, value in own.items()
    }
    own["region_mask"][1] = False
    output = model(**own)
    assert output.logits.isfinite().all()
    model.loss(output, torch.tensor([2, 0, 1]))["total"].backward()
    assert all(weight.grad.isfinite().all() for weight in model.parameters())


def test_last_batch_of_one_pair_can_be_trained_on() -> None:
    model = build(TFN).train()
    one = {name: value[:1] for name, value in inputs(TFN).items()}
    assert model(**one).logits.isfinite().all()
