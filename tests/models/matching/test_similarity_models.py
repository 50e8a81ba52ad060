"""Every similarity model against one pair at a time, and what none may depend on."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from pipeline.models.matching import attention
from pipeline.models.matching.encoding import MatchingConfig
from pipeline.models.matching.scan import SCAN
from pipeline.models.matching.sgraf import SAF, SGR
from pipeline.models.matching.vse_infinity import VSEInfinity
from pipeline.params.matching import ModelParams
from tests.models.matching import naive

D_R, VOCABULARY, D_W, D, S = 5, 11, 4, 6, 3
CONFIG = MatchingConfig(
    member="sgr",
    region_width=D_R,
    vocabulary=VOCABULARY,
    word_width=D_W,
    model=ModelParams(
        name="sgr",
        width=D,
        similarity_width=S,
        graph_steps=3,
        smooth=9.0,
        dropout=0.4,
        attention_start="pytorch",
    ),
)
MODELS: dict[str, tuple[Callable[[MatchingConfig], Any], Any]] = {
    "vse_infinity": (VSEInfinity, naive.vse_infinity),
    "scan": (SCAN, naive.scan),
    "sgr": (SGR, naive.sgr),
    "saf": (SAF, naive.saf),
}
SIZES, LENGTHS = [4, 1, 3], [2, 5, 1, 3]


@pytest.fixture(params=MODELS)
def model(request: pytest.FixtureRequest) -> nn.Module:
    torch.manual_seed(0)
    made: nn.Module = MODELS[request.param][0](CONFIG).double()
    for module in made.modules():  # as training would leave them
        if isinstance(module, nn.BatchNorm1d):
            module.running_mean.normal_(std=0.1)
            module.running_var.uniform_(0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
    made.requires_grad_(False)
    return made.eval()


def images(longest: int = 4) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1)
    regions = torch.randn(len(SIZES), longest, D_R, generator=generator).double()
    return regions, torch.arange(longest) < torch.tensor(SIZES).unsqueeze(1)


def texts() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(2)
    words = torch.randint(VOCABULARY, (len(LENGTHS), max(LENGTHS)), generator=generator)
    return words, torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS).unsqueeze(1)


def similarity(model: Any, regions: Any, words: Any) -> Tensor:
    found: Tensor = model.similarity(model.encode_images(*regions), model.encode_texts(*words))
    return found


def by_hand(model: Any, compare: Any) -> Tensor:
    regions, words = images()[0], texts()[0]
    return torch.tensor(
        [
            [
                compare(model, regions[i, : SIZES[i]], words[t, : LENGTHS[t]])
                for t in range(len(LENGTHS))
            ]
            for i in range(len(SIZES))
        ]
    ).double()


@pytest.mark.parametrize("model", MODELS, indirect=True)
def test_agrees_with_one_pair_at_a_time(
    model: Any, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    compare = MODELS[request.node.callspec.params["model"]][1]
    found = similarity(model, images(), texts())
    expected = by_hand(model, compare)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-6)
    assert expected.std() > 1e-4
    monkeypatch.setitem(attention.FLOATS_PER_BLOCK, "cpu", 1)
    torch.testing.assert_close(similarity(model, images(), texts()), found)


def test_padding_has_no_influence(model: Any) -> None:
    expected = similarity(model, images(), texts())
    (regions, region_mask), (words, word_mask) = images(), texts()
    regions = torch.cat([regions, torch.full((3, 2, D_R), 7.0).double()], 1)
    words = torch.cat([words, torch.full((4, 3), 9)], 1)
    region_mask = torch.cat([region_mask, torch.zeros(3, 2, dtype=torch.bool)], 1)
    word_mask = torch.cat([word_mask, torch.zeros(4, 3, dtype=torch.bool)], 1)
    found = similarity(model, (regions, region_mask), (words, word_mask))
    torch.testing.assert_close(found, expected)


def test_a_pair_does_not_see_its_batch(model: Any) -> None:
    expected = similarity(model, images(), texts())
    (regions, region_mask), (words, word_mask) = images(), texts()
    for i in range(len(SIZES)):
        for t in range(len(LENGTHS)):
            own = (regions[i : i + 1], region_mask[i : i + 1])
            found = similarity(model, own, (words[t : t + 1], word_mask[t : t + 1]))
            torch.testing.assert_close(found[0, 0], expected[i, t])


def test_order_of_regions_does_not_matter(model: Any) -> None:
    expected = similarity(model, images(), texts())
    regions, mask = images()
    order = torch.tensor([2, 0, 3, 1])
    found = similarity(model, (regions[:, order], mask[:, order]), texts())
    torch.testing.assert_close(found, expected)


def test_a_image_without_regions_stays_finite(model: Any) -> None:
    regions, mask = images()
    mask[0] = False
    assert similarity(model, (regions, mask), texts()).isfinite().all()


@pytest.mark.parametrize("name", ["sgr", "saf", "scan"])
def test_blocks_have_the_gradients_of_the_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, made_again = [], []
    checkpoint = attention.checkpoint

    def counted(*arguments: Any, **options: Any) -> Any:
        made_again.append(arguments)
        return checkpoint(*arguments, **options)

    monkeypatch.setattr(attention, "checkpoint", counted)
    for floats, kept in ((1, 1), (1, 2**20), (2**20, 2**20)):
        torch.manual_seed(0)
        made = MODELS[name][0](CONFIG).double()
        for module in made.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        monkeypatch.setitem(attention.FLOATS_PER_BLOCK, "cpu", floats)
        monkeypatch.setitem(attention.FLOATS_KEPT, "cpu", kept)
        similarity(made.train(), images(), texts()).square().sum().backward()
        found.append({name: x.grad for name, x in made.named_parameters()})
        assert len(made_again) == len(LENGTHS)  # of the first round, and no more
    *in_blocks, whole = found
    for gradients in in_blocks:
        assert gradients.keys() == whole.keys()
        for parameter, gradient in gradients.items():
            assert gradient is not None
            assert gradient.isfinite().all()
            torch.testing.assert_close(gradient, whole[parameter])


@pytest.mark.parametrize("name", MODELS)
def test_reads_word_vectors_in_place_of_numbers(name: str) -> None:
    torch.manual_seed(0)
    made = MODELS[name][0](CONFIG.model_copy(update={"vocabulary": 0})).double().eval()
    _, mask = texts()
    vectors = torch.randn(*mask.shape, D_W).double()
    found = similarity(made, images(), (vectors, mask))
    vectors[~mask] = 100
    torch.testing.assert_close(similarity(made, images(), (vectors, mask)), found)
    assert found.std() > 0


@pytest.mark.parametrize("name", ["saf", "sgr"])
def test_the_published_start_of_the_attention_is_xaviers(name: str) -> None:
    params = CONFIG.model.model_copy(update={"attention_start": "xavier", "width": 64})
    config = CONFIG.model_copy(update={"model": params})
    torch.manual_seed(0)
    made = MODELS[name][0](config)
    for pooled in (made.image_attention, made.text_attention):
        for layer in (pooled.member, pooled.mean, pooled.common):
            bound = (6 / (layer.in_features + layer.out_features)) ** 0.5
            assert 0.9 * bound < layer.weight.abs().max() <= bound
            assert (layer.bias == 0).all()
