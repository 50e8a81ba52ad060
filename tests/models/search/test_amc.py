"""Every network of AMC against plain loops; masks; what no other image or query may change."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from pipeline.errors import UserError
from pipeline.models.search.amc import AMC, Correlation, Images, fused
from tests.models.search import naive_amc
from tests.search.tiny import tiny_images, tiny_model, tiny_queries


def correlate(model: AMC, images: Images) -> Correlation:
    with torch.no_grad():
        return fused(model(*tiny_queries(), model.encode(images)))


def own_parts(images: Images, i: int) -> tuple[list[list[float]], list[int]]:
    regions = naive_amc.numbers(images.visual[i][images.visual_mask[i]])
    return regions, images.keywords[i][images.keyword_mask[i]].tolist()


def naive_tower(tower: Any, network: Any, q: list[float], parts: Any) -> tuple[float, list[float]]:
    regions, keywords = parts
    v_q = k_q = None
    if tower.van and regions:
        v_q, _ = naive_amc.van(tower.van, q, regions, network.activation)
        if network.pool == "mean":
            v_q = [x / 5 for x in v_q]
    if tower.lan and keywords:
        k_q, _ = naive_amc.lan(tower.lan, q, keywords)
    return naive_amc.mtn(tower.mtn, q, [v_q, k_q], network.activation, network.unit)


@pytest.mark.parametrize("modalities", ["amc", "van", "lan", "late_fusion"])
@pytest.mark.parametrize(
    "settings",
    [
        {"activation": "relu", "pool": "sum", "unit": True},
        {"activation": "tanh", "pool": "mean", "unit": False},
    ],
)
def test_scores_and_weights_against_loops(modalities: str, settings: dict[str, Any]) -> None:
    model, images = tiny_model(modalities=modalities, **settings), tiny_images()
    words, mask = tiny_queries()
    found = correlate(model, images)
    for b in range(len(words)):
        q = naive_amc.numbers(words[b][mask[b]].double().mean(0))
        for i in range(len(images.visual)):
            towers = [
                naive_tower(tower, model.config.network, q, own_parts(images, i))
                for tower in model.towers
            ]
            score = sum(score for score, _ in towers) / len(towers)
            weights = [sum(p[j] for _, p in towers) / len(towers) for j in (0, 1)]
            assert found.scores[b, i].item() == pytest.approx(score, abs=1e-5)
            assert found.weights[b, i].tolist() == pytest.approx(weights, abs=1e-5)


def test_attention_maps_against_loops() -> None:
    model, images = tiny_model(), tiny_images()
    words, mask = tiny_queries()
    found = correlate(model, images)
    (tower,) = model.towers
    for b in range(len(words)):
        q = naive_amc.numbers(words[b][mask[b]].double().mean(0))
        for i in range(len(images.visual)):
            regions, keywords = own_parts(images, i)
            _, M = naive_amc.van(tower.van, q, regions, "relu")
            _, p = naive_amc.lan(tower.lan, q, keywords)
            assert found.M is not None
            assert found.p is not None
            assert found.M[b, i].tolist() == pytest.approx(M + [0] * (5 - len(M)), abs=1e-5)
            assert found.p[b, i].tolist() == pytest.approx(p + [0] * (3 - len(p)), abs=1e-5)


def test_both_weights_sum_to_one_and_differ_between_queries() -> None:
    found = correlate(tiny_model(), tiny_images())
    torch.testing.assert_close(found.weights.sum(-1), torch.ones(3, 4))
    assert found.weights[:, :, 0].std() > 0


def without(images: Images, i: int, *names: str) -> Images:
    masks = {name: getattr(images, name).clone() for name in names}
    for mask in masks.values():
        mask[i] = False
    return replace(images, **masks)


@pytest.mark.parametrize("modalities", ["amc", "late_fusion"])
def test_a_missing_modality_leaves_the_other_all_the_weight(modalities: str) -> None:
    model, images = tiny_model(modalities=modalities), tiny_images()
    unseen = correlate(model, without(images, 0, "visual_mask"))
    untold = correlate(model, without(images, 0, "keyword_mask"))
    assert unseen.weights[:, 0].tolist() == [[0, 1]] * 3
    assert untold.weights[:, 0].tolist() == [[1, 0]] * 3
    if modalities == "late_fusion":
        van, lan = model.towers
        words, mask = tiny_queries()
        seen = van(words, mask, van.encode(images)).scores[:, 0]
        told = lan(words, mask, lan.encode(images)).scores[:, 0]
        torch.testing.assert_close(untold.scores[:, 0], seen)
        torch.testing.assert_close(unseen.scores[:, 0], told)


@pytest.mark.parametrize("modalities", ["amc", "van", "lan", "late_fusion"])
def test_a_image_of_which_nothing_is_known_comes_last(modalities: str) -> None:
    images = without(tiny_images(), 2, "visual_mask", "keyword_mask")
    found = correlate(tiny_model(modalities=modalities), images)
    assert found.scores[:, 2].tolist() == [-1] * 3
    assert (found.scores[:, [0, 1, 3]] > -1).all()
    assert found.weights[:, 2].tolist() == [[0, 0]] * 3


def garbled(images: Images) -> Images:
    """Other values wherever a mask is false."""
    noise = 100 * torch.randn_like(images.visual)
    visual = torch.where(images.visual_mask.unsqueeze(-1), images.visual, noise)
    keywords = torch.where(images.keyword_mask, images.keywords, 5)
    return replace(images, visual=visual, keywords=keywords)


def test_what_is_masked_has_no_influence() -> None:
    model, images = tiny_model(), tiny_images()
    same(correlate(model, images), correlate(model, garbled(images)))


@pytest.mark.parametrize("query", ["mean", "gru", "lstm"])
def test_padding_of_queries_has_no_influence(query: str) -> None:
    model, images = tiny_model(query), tiny_images()
    words, mask = tiny_queries()
    longer = torch.cat([words, 7 * torch.ones(3, 2, 3)], 1)
    longer_mask = torch.cat([mask, torch.zeros(3, 2, dtype=torch.bool)], 1)
    words[0, 2:] = 9
    encoded = model.encode(images)
    with torch.no_grad():
        same(fused(model(words, mask, encoded)), fused(model(longer, longer_mask, encoded)))


@pytest.mark.parametrize("modalities", ["amc", "late_fusion"])
def test_neither_other_queries_nor_other_images_matter(modalities: str) -> None:
    model, images = tiny_model(modalities=modalities), tiny_images()
    whole = correlate(model, images)
    words, mask = tiny_queries()
    encoded = [each.rows(torch.tensor([3, 1])) for each in model.encode(images)]
    with torch.no_grad():
        part = fused(model(words[2:], mask[2:], encoded))
    torch.testing.assert_close(part.scores[0], whole.scores[2, [3, 1]])
    torch.testing.assert_close(part.weights[0], whole.weights[2, [3, 1]])


@pytest.mark.parametrize("encoder", ["gru", "lstm"])
def test_order_of_words_matters_to_recurrent_encoders_alone(encoder: str) -> None:
    words, _ = tiny_queries()
    mask = torch.ones(3, 4, dtype=torch.bool)

    def scores(query: str, order: Tensor) -> Tensor:
        model = tiny_model(query, activation="tanh")
        with torch.no_grad():
            return fused(model(words[:, order], mask, model.encode(tiny_images()))).scores

    there, back = torch.arange(4), torch.arange(3, -1, -1)
    torch.testing.assert_close(scores("mean", there), scores("mean", back))
    assert not torch.allclose(scores(encoder, there), scores(encoder, back))


def test_the_lstm_reads_as_its_equations_say() -> None:
    """Gates of input, forgetting, cell and output; the state after the last word is the query."""
    query = tiny_model("lstm").towers[0].query
    words, mask = tiny_queries()
    input_weight, state_weight = query.lstm.weight_ih_l0, query.lstm.weight_hh_l0
    bias = query.lstm.bias_ih_l0 + query.lstm.bias_hh_l0
    with torch.no_grad():
        found = query(words, mask)
        for text, valid, state in zip(words, mask, found, strict=True):
            hidden = cell = torch.zeros(query.width)
            for word in text[valid]:
                gates = input_weight @ word + state_weight @ hidden + bias
                i, f, g, o = gates.chunk(4)
                cell = f.sigmoid() * cell + i.sigmoid() * g.tanh()
                hidden = o.sigmoid() * cell.tanh()
            torch.testing.assert_close(state, hidden)


@pytest.mark.parametrize("modalities", ["amc", "late_fusion"])
def test_every_weight_that_is_used_gets_a_gradient(modalities: str) -> None:
    model = tiny_model(modalities=modalities, activation="tanh").train()
    parts = model(*tiny_queries(), model.encode(tiny_images()))
    torch.stack([part.scores for part in parts]).square().sum().backward()
    # Of one modality alone, the weights are 1 whatever q' is.
    unused = "W_m_prime" if modalities == "late_fusion" else "nothing"
    silent = [
        name
        for name, weight in model.named_parameters()
        if unused not in name and (weight.grad is None or not weight.grad.abs().sum() > 0)
    ]
    assert silent == []


def test_the_saved_model_is_the_same(tmp_path: Path) -> None:
    model, images = tiny_model("gru"), tiny_images()
    model.save_pretrained(tmp_path)
    same(correlate(model, images), correlate(AMC.from_pretrained(tmp_path), images))


def test_damaged_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"config\.json not found"):
        AMC.from_pretrained(tmp_path)
    tiny_model().save_pretrained(tmp_path)
    (tmp_path / "SHA256SUMS").unlink()
    (tmp_path / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(UserError, match=r"model\.safetensors is damaged"):
        AMC.from_pretrained(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(UserError, match=r"model\.safetensors not found"):
        AMC.from_pretrained(tmp_path)


def same(one: Correlation, other: Correlation) -> None:
    torch.testing.assert_close(one.scores, other.scores)
    torch.testing.assert_close(one.weights, other.weights)
