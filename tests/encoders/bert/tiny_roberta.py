"""A random RoBERTa and a random BERTweet, saved as the published ones are."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import ByteLevelBPETokenizer
from transformers import RobertaConfig, RobertaModel, RobertaTokenizerFast

SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
WIDTH, LIMIT = 64, 16
# RoBERTa counts positions from behind the padding piece's number.
_RESERVED = 2


def save_tiny_roberta(folder: Path) -> Path:
    """Byte-level pieces; like many fine-tuned models, its tokenizer states no length."""
    words = ByteLevelBPETokenizer(add_prefix_space=True)
    words.train_from_iterator(["a red dog undoing the cat"] * 3, 290, special_tokens=SPECIAL)
    words.save_model(str(folder))
    files = {"vocab": str(folder / "vocab.json"), "merges": str(folder / "merges.txt")}
    RobertaTokenizerFast(**files).save_pretrained(folder)
    _save_model(folder, words.get_vocab_size())
    return folder


def save_tiny_bertweet(folder: Path) -> Path:
    """`dog`, `@USER` and `HTTPURL` are pieces, `dogs` is two; other words fall into letters."""
    merges = [*_merges("dog", "</w>"), *_merges("@USER", "</w>"), *_merges("HTTPURL", "</w>")]
    pieces = ["dog", "do@@", "g@@", "s", "a", "c@@", "@USER", "HTTPURL", "d@@", "o@@", "g"]
    # A number behind each: how often the piece and the pair were seen.
    _write_lines(folder / "vocab.txt", (f"{piece} 9" for piece in pieces))
    _write_lines(folder / "bpe.codes", (f"{left} {right} 9" for left, right in merges))
    names = '{"tokenizer_class": "BertweetTokenizer", "model_max_length": 16}'
    (folder / "tokenizer_config.json").write_text(names)
    _save_model(folder, len(SPECIAL) + len(pieces))
    return folder


def _merges(word: str, end: str) -> list[tuple[str, str]]:
    letters: Sequence[str] = [*word[:-1], word[-1] + end]
    return [("".join(letters[:i]), letters[i]) for i in range(1, len(letters))]


def _write_lines(path: Path, lines: Iterable[str]) -> None:
    path.write_text("".join(f"{line}\n" for line in lines))


def _save_model(folder: Path, pieces: int) -> None:
    torch.manual_seed(0)
    config = RobertaConfig(
        vocab_size=pieces,
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=LIMIT + _RESERVED,
        pad_token_id=1,
        initializer_range=0.2,
    )
    RobertaModel(config).save_pretrained(folder)
