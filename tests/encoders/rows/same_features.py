"""Features from memory and from a file, held against each other."""

from dataclasses import fields

import numpy as np

from pipeline.features.store import Features


def assert_same_features(one: Features, other: Features) -> None:
    """Every array has the same type, shape and bytes, and all else is equal."""
    assert type(one) is type(other)
    for field in fields(one):
        value, expected = getattr(one, field.name), getattr(other, field.name)
        if not isinstance(expected, np.ndarray):
            assert value == expected
            continue
        assert (value.dtype, value.shape) == (expected.dtype, expected.shape)
        assert value.tobytes() == expected.tobytes()
