"""Words and regions left out at random."""

import pytest
import torch

from pipeline.matching.data.augmentation import vary_words
from pipeline.models.layers import drop_items

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
