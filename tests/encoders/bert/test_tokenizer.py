from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from pipeline.encoders.bert.encoder import BertEncoder
from pipeline.encoders.bert.tokenizer import load_tokenizer
from pipeline.errors import UserError
from tests.encoders.bert.tiny_mpnet import save_tiny_mpnet
from tests.encoders.bert.tiny_roberta import LIMIT, WIDTH, save_tiny_bertweet, save_tiny_roberta

CPU = torch.device("cpu")
SAVE = {"roberta": save_tiny_roberta, "bertweet": save_tiny_bertweet, "mpnet": save_tiny_mpnet}
WORDS = ["dog", "dogs", "a", "cat", "\U0001f382", "dog"]


@pytest.fixture(scope="module", params=SAVE)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path: Path = SAVE[request.param](tmp_path_factory.mktemp(request.param))
    return path


def naive_vectors(folder: Path, words: list[str]) -> npt.NDArray[np.floating]:
    """Tokenize one word after the other as part of a sentence, and average what it became."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    pieces = [tokenizer.tokenize(" " + word) for word in words]
    ids = tokenizer.convert_tokens_to_ids(["<s>", *[p for own in pieces for p in own], "</s>"])
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder)(torch.tensor([ids])).last_hidden_state[0, 1:-1]
    return np.stack([part.mean(0) for part in hidden.split([len(own) for own in pieces])])


def test_a_word_is_the_mean_of_its_own_tokenizer_s_pieces(folder: Path) -> None:
    encoder = BertEncoder(folder, -1, "mean", CPU)
    (row,) = encoder.encode([encoder.load(WORDS)])
    assert not row["empty"].any()
    np.testing.assert_allclose(row["vectors"], naive_vectors(folder, WORDS), atol=4e-3)
    assert not np.array_equal(row["vectors"][0], row["vectors"][5])  # its place counts


def test_rows_are_the_same_alone_and_in_a_batch(folder: Path) -> None:
    encoder = BertEncoder(folder, -1, "mean", CPU)
    texts = [encoder.load(text) for text in (["dog"] * 3, ["a"] * 3, ["dog", "a", "a"])]
    assert len({encoder.group(text) for text in texts}) == 1
    alone = [encoder.encode([text])[0]["vectors"].tobytes() for text in texts]
    assert [row["vectors"].tobytes() for row in encoder.encode(texts)] == alone


@pytest.mark.parametrize("words", [LIMIT - 2, LIMIT - 1, 3 * LIMIT])
def test_a_long_text_is_read_in_windows_that_fit_the_positions(folder: Path, words: int) -> None:
    encoder = BertEncoder(folder, -1, "mean", CPU)
    text = encoder.load(["dog"] * words)
    assert text.windows.shape[1] == LIMIT
    (row,) = encoder.encode([text])
    assert row["vectors"].shape == (words, WIDTH)
    assert row["vectors"].any(axis=1).all()


def test_the_unknown_word_is_one_piece(folder: Path) -> None:
    encoder = BertEncoder(folder, -1, "mean", CPU)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    (window,) = encoder.load(["<unk>"]).windows
    expected = ["<s>", tokenizer.unk_token, "</s>"]
    assert window.tolist() == tokenizer.convert_tokens_to_ids(expected)


def test_bertweet_reads_glove_tokens_as_it_was_trained(tmp_path: Path) -> None:
    encoder = BertEncoder(save_tiny_bertweet(tmp_path), -1, "mean", CPU)
    marked, own = (encoder.load(text) for text in (["<user>", "<url>"], ["@USER", "HTTPURL"]))
    assert marked.word_of_piece.tolist() == [0, 1]
    np.testing.assert_array_equal(marked.windows, own.windows)


def test_other_models_read_glove_tokens_as_plain_words(tmp_path: Path) -> None:
    encoder = BertEncoder(save_tiny_roberta(tmp_path), -1, "mean", CPU)
    marked, plain = (encoder.load(text) for text in (["<user>", "<url>"], ["user", "url"]))
    np.testing.assert_array_equal(marked.windows, plain.windows)


def test_the_pieces_table_is_part_of_the_fingerprint(tmp_path: Path) -> None:
    encoder = BertEncoder(save_tiny_bertweet(tmp_path), -1, "mean", CPU)
    assert {"vocab.txt", "bpe.codes"} <= encoder.fingerprint["files"].keys()
    assert encoder.fingerprint["tokenizer"] == "BertweetTokenizer"


def test_a_folder_without_a_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=f"{tmp_path} cannot be loaded as a tokenizer"):
        load_tokenizer(tmp_path)
