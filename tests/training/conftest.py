"""Fixtures for all tests of the training room."""

from collections.abc import Iterator

import pytest
import torch


@pytest.fixture(autouse=True)
def _ordinary_algorithms() -> Iterator[None]:
    """Seeding makes PyTorch deterministic for the whole process; other tests are not asked."""
    yield
    torch.use_deterministic_algorithms(False)
