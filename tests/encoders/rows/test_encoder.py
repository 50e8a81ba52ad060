"""The identity of rows, which decides whether cached ones are used again."""

from pipeline.encoders.rows.encoder import identity
from tests.encoders.rows.toy_encoder import ToyEncoder

FIRST = (
    '{"batch_size": 3, "encoder": "toy", "fields": ['
    '{"dtype": "float16", "name": "vector", "ragged": false, "shape": [2]}, '
    '{"dtype": "float16", "name": "words", "ragged": true, "shape": [3]}, '
    '{"dtype": "bool", "name": "empty", "ragged": true, "shape": []}], '
    '"row_format": 1, "values": {"weights": "a"}}'
)


def test_the_first_revision_is_not_written() -> None:
    assert identity(ToyEncoder()) == FIRST


def test_a_later_revision_gives_other_rows() -> None:
    encoder = ToyEncoder()
    encoder.revision = 2
    assert identity(encoder) == FIRST.replace('"row_format"', '"revision": 2, "row_format"')
