from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoTokenizer, MPNetModel

from pipeline.encoders.bert.encoder import BertEncoder
from pipeline.encoders.bert.files import MPNET
from pipeline.encoders.bert.split_model import unpack_model

pytestmark = pytest.mark.skipif(
    any(MPNET.part(package) is None for package in MPNET.packages),
    reason="mpnet is optional: requirements-mpnet.txt",
)
TEXTS = [
    text.split()
    for text in (
        "a dog runs across the snowy backyard",
        "a puppy is playing outside in winter",
        "two surfers ride a colossal wave ashore",
        "the windsurfer paddles in naïve antidisestablishmentarianism <user>",
    )
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack_model(MPNET, tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> BertEncoder:
    return BertEncoder(folder, -1, "mean", torch.device("cpu"))


def test_a_word_is_the_mean_of_its_pieces_in_a_plain_call(
    folder: Path, encoder: BertEncoder
) -> None:
    tokenizer, plain = AutoTokenizer.from_pretrained(folder), MPNetModel.from_pretrained(folder)
    for words in TEXTS:
        pieces = tokenizer(
            [word.strip("<>") for word in words], is_split_into_words=True, return_tensors="pt"
        )
        with torch.no_grad():
            hidden = plain(**pieces).last_hidden_state[0].numpy()
        owners = np.array([-1 if word is None else word for word in pieces.word_ids()])
        expected = np.stack([hidden[owners == i].mean(axis=0) for i in range(len(words))])
        (row,) = encoder.encode([encoder.load(words)])
        np.testing.assert_allclose(row["vectors"], expected, atol=1e-3)


def test_rows_are_the_same_alone_and_in_a_batch(encoder: BertEncoder) -> None:
    texts = [encoder.load(text) for text in TEXTS[:2]]
    assert len({encoder.group(text) for text in texts}) == 1
    alone = [encoder.encode([text])[0]["vectors"].tobytes() for text in texts]
    assert [row["vectors"].tobytes() for row in encoder.encode(texts)] == alone


def test_texts_about_the_same_are_nearer(encoder: BertEncoder) -> None:
    means = [
        encoder.encode([encoder.load(text)])[0]["vectors"].astype(np.float32).mean(axis=0)
        for text in TEXTS
    ]
    dog, puppy, surfers, _ = (mean / np.linalg.norm(mean) for mean in means)
    assert dog @ puppy > dog @ surfers + 0.2
