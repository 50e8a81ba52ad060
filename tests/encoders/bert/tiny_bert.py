"""A random BERT that knows a few words, saved as any transformers model is."""

from pathlib import Path

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer
from tokenizers.processors import TemplateProcessing
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
PIECES = ["a", "red", "dog", "cat", "user", "url", "un", "##do", "##ing", "##x", "x", "!"]
# Wide enough for kernels to sum in an order that depends on the shape.
LAYERS, WIDTH, LIMIT = 2, 64, 16


def save_tiny_bert(folder: Path, seed: int = 0) -> Path:
    """LIMIT pieces at most, two of them special."""
    torch.manual_seed(seed)
    config = BertConfig(
        vocab_size=len(SPECIAL) + len(PIECES),
        hidden_size=WIDTH,
        num_hidden_layers=LAYERS,
        num_attention_heads=2,
        intermediate_size=256,
        max_position_embeddings=LIMIT,
        # Large enough weights for words and places to differ.
        initializer_range=0.2,
    )
    BertModel(config).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def _tokenizer() -> PreTrainedTokenizerFast:
    vocabulary = {piece: i for i, piece in enumerate(SPECIAL + PIECES)}
    tokenizer = Tokenizer(WordPiece(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer()
    tokenizer.pre_tokenizer = BertPreTokenizer()
    tokenizer.post_processor = TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    # As published models have it: cut and padded for another use.
    tokenizer.enable_truncation(4)
    tokenizer.enable_padding(length=4)
    names = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep")}
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=LIMIT, do_lower_case=True, **names
    )
