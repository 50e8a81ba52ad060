"""Fixtures for all tests of the studies."""

from tests.training.conftest import _ordinary_algorithms

__all__ = ["_ordinary_algorithms"]
