"""A random MPNet, saved as the published one is."""

from pathlib import Path

import torch
from transformers import MPNetConfig, MPNetModel, MPNetTokenizer

from tests.encoders.bert.tiny_roberta import LIMIT, WIDTH

# The padding piece has number 1, and positions are counted from behind it, as in RoBERTa.
_RESERVED = 2
_SPECIAL = ["<s>", "<pad>", "</s>", "<unk>", "[UNK]", "<mask>"]
_PIECES = ["dog", "##s", "a", "c", "##at", "user", "url"]


def save_tiny_mpnet(folder: Path) -> Path:
    """`dogs` and `cat` are two pieces."""
    torch.manual_seed(0)
    vocabulary = {piece: i for i, piece in enumerate(_SPECIAL + _PIECES)}
    MPNetTokenizer(vocabulary, model_max_length=LIMIT).save_pretrained(folder)
    config = MPNetConfig(
        vocab_size=len(vocabulary),
        hidden_size=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=128,
        max_position_embeddings=LIMIT + _RESERVED,
        initializer_range=0.2,
    )
    MPNetModel(config).save_pretrained(folder)
    return folder
