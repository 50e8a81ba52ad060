"""Fixtures for all tests of matching."""

from tests.training.conftest import _ordinary_algorithms

__all__ = ["_ordinary_algorithms"]
