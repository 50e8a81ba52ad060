"""Words and regions left out at random."""

import pytest
import torch

from pipeline.matching.data.augmentation import vary_regions, vary_words
from pipeline.models.layers import drop_items, select_items
from tests.matching.tiny_matching import matching_params

MASK = torch.arange(12) < torch.randint(2, 13, (500, 1), generator=torch.Generator().manual_seed(0))
WORDS = torch.arange(100, 112).expand(500, 12) * MASK
HIDDEN = torch.tensor(50)


def test_half_of_the_touched_words_are_hidden_and_two_fifths_left_out() -> None:
    torch.manual_seed(0)
    words, mask = vary_words(WORDS, MASK, 0.2, HIDDEN, 40)
    before = MASK.sum()
    assert (words[mask] == 50).sum() / before == pytest.approx(0.1, abs=0.02)
    assert (words[mask] < 40).sum() / before == pytest.approx(0.02, abs=0.01)
    assert 1 - mask.sum() / before == pytest.approx(0.08, abs=0.02)
    assert (words[~mask] == 0).all()


def test_what_stays_keeps_its_order() -> None:
    words, mask = vary_words(WORDS, MASK, 0.5, HIDDEN, 40)
    for row, valid in zip(words, mask, strict=True):
        kept = [x for x in row[valid].tolist() if x >= 100]
        assert kept == sorted(set(kept))
        assert valid.sum() >= 1
        assert (valid.int().diff() <= 0).all()


def test_vectors_are_hidden_by_a_vector() -> None:
    torch.manual_seed(0)
    vectors = WORDS.unsqueeze(-1).expand(-1, -1, 3).float()
    words, mask = vary_words(vectors, MASK, 0.2, torch.tensor([7.0, 8.0, 9.0]), 0)
    hidden = (words == torch.tensor([7.0, 8.0, 9.0])).all(-1) & mask
    assert hidden.sum() / MASK.sum() == pytest.approx(0.12, abs=0.02)
    assert ((words >= 100).all(-1) | hidden)[mask].all()


def test_some_region_always_stays() -> None:
    torch.manual_seed(0)
    mask = torch.arange(9).expand(400, 9) < torch.randint(0, 10, (400, 1))
    kept = drop_items(mask, 0.5)
    assert (kept <= mask).all()
    assert torch.equal(kept.any(1), mask.any(1))
    assert kept.sum() / mask.sum() == pytest.approx(0.5, abs=0.05)
    assert torch.equal(drop_items(mask, 0.0), mask)


def test_dropped_regions_are_masked_or_filled() -> None:
    regions = torch.rand(400, 9, 2) + 1
    present = torch.arange(9).expand(400, 9) < 7

    def varied(way: str) -> tuple[torch.Tensor, torch.Tensor]:
        torch.manual_seed(0)
        params = matching_params({"train.drop_regions": 0.2, "train.dropped_regions": way})
        return vary_regions(regions, present, params.train)

    (masked, kept), (filled, mask) = varied("masked"), varied("filled")
    assert kept.sum() / present.sum() == pytest.approx(0.8, abs=0.03)
    assert masked.equal(regions)
    # The same ones, but they go on to take part.
    assert mask.equal(present)
    assert filled[kept].equal(regions[kept])
    assert (filled[present & ~kept] == 1e-10).all()


def test_a_selection_leaves_out_missing_items_first() -> None:
    """Values are their places, so that a place and its mask can be seen to go together."""
    torch.manual_seed(0)
    values = torch.arange(10.0).expand(200, 10).unsqueeze(-1)
    mask = torch.arange(10).expand(200, 10) < torch.tensor([10, 4]).repeat(100).unsqueeze(1)
    found, kept = select_items(values, mask, 0.4)
    assert found.shape == (200, 6, 1)
    places = found.squeeze(-1).long()
    assert all(len(row.unique()) == 6 for row in places)
    assert kept.equal(mask.gather(1, places))
    assert kept.sum(1).tolist() == [6, 4] * 100
    chosen = places[::2].flatten().bincount(minlength=10)
    assert chosen.min() > 40


def test_a_selection_keeps_at_least_one() -> None:
    values, mask = torch.ones(2, 3, 4), torch.ones(2, 3, dtype=torch.bool)
    assert select_items(values, mask, 0.99)[0].shape == (2, 1, 4)
