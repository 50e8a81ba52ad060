"""A shard is a file that others can read."""

import numpy as np
import pytest
from safetensors.numpy import save

from pipeline.encoders.rows.shards import pack
from tests.encoders.rows.toy_encoder import ToyEncoder, key_of, row_of


@pytest.mark.parametrize("numbers", [[1], [0, 4, 8], list(range(30))])
def test_a_shard_is_the_file_that_safetensors_writes(numbers: list[int]) -> None:
    rows = {key_of(number): row_of(number) for number in numbers}
    lengths = [len(row["empty"]) for row in rows.values()]
    keys = np.frombuffer(bytes.fromhex("".join(rows)), np.uint8).reshape(len(rows), 32)
    arrays = {
        "keys": keys,
        "offsets": np.cumsum([0, *lengths], dtype=np.int64),
        "field.vector": np.stack([row["vector"] for row in rows.values()]),
        "field.words": np.concatenate([row["words"] for row in rows.values()]),
        "field.empty": np.concatenate([row["empty"] for row in rows.values()]),
    }
    assert pack(rows, ToyEncoder.fields) == save(arrays)
