"""Random CLIP, SigLIP and SigLIP 2 models that know a few words, saved as published ones are."""

from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from tokenizers.processors import TemplateProcessing
from transformers import (
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    PreTrainedTokenizerFast,
    Siglip2Config,
    Siglip2ImageProcessor,
    Siglip2Model,
    Siglip2Tokenizer,
    SiglipConfig,
    SiglipImageProcessor,
    SiglipModel,
)

KINDS = ("clip", "siglip", "siglip2")
# Pieces of a text at most, end mark included.
LIMIT, WIDTH = 8, 16
WORDS = ["<pad>", "<unk>", "<s>", "</s>", "a", "red", "dog", "cat", "here", "<user>", "<url>"]
_SIZE = 32


def save_tiny_clip(folder: Path, kind: str = "clip", seed: int = 0) -> Path:
    torch.manual_seed(seed)
    model, processor = _parts(kind)
    with torch.no_grad():  # large enough weights for images and words to differ
        for weight in model.parameters():
            weight.copy_(torch.randn(weight.shape) * 0.5)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    _tokenizer(kind).save_pretrained(folder)
    return folder


def _parts(kind: str) -> tuple[Any, Any]:
    common = {
        "hidden_size": WIDTH,
        "intermediate_size": 2 * WIDTH,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
    }
    text = {
        **common,
        "vocab_size": 32,
        "max_position_embeddings": LIMIT,
        "pad_token_id": 0,
        "bos_token_id": 2,
        "eos_token_id": 3,
    }
    vision = {**common, "image_size": _SIZE, "patch_size": 8}
    size = {"height": _SIZE, "width": _SIZE}
    if kind == "clip":
        config = CLIPConfig(text_config=text, vision_config=vision, projection_dim=WIDTH)
        crop = CLIPImageProcessor(size={"shortest_edge": _SIZE}, crop_size=size)
        return CLIPModel(config), crop
    text["projection_size"] = WIDTH
    if kind == "siglip":
        return SiglipModel(SiglipConfig(text_config=text, vision_config=vision)), (
            SiglipImageProcessor(size=size)
        )
    vision = {**common, "num_patches": 16, "patch_size": 8}
    return Siglip2Model(Siglip2Config(text_config=text, vision_config=vision)), (
        Siglip2ImageProcessor(patch_size=8, max_num_patches=16)
    )


def _tokenizer(kind: str) -> Any:
    clip = kind == "clip"
    if kind == "siglip2":
        letters = sorted({letter for word in WORDS[4:] for letter in word} | {"▁"})
        vocabulary = {piece: i for i, piece in enumerate(WORDS[:4] + letters)}
        tokenizer = Siglip2Tokenizer(
            vocabulary,
            bos_token="<s>",
            eos_token="</s>",
            model_input_names=["input_ids"],
            padding_side="right",
        )
        pieces = tokenizer.backend_tokenizer
    else:
        pieces = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<unk>"))
        pieces.pre_tokenizer = WhitespaceSplit()
    pieces.post_processor = TemplateProcessing(
        single="<s> $A </s>" if clip else "$A </s>", special_tokens=[("<s>", 2), ("</s>", 3)]
    )
    if kind == "siglip2":
        return tokenizer
    # CLIP pads with the end mark; SigLIP's tokenizers give no mask.
    return PreTrainedTokenizerFast(
        tokenizer_object=pieces,
        model_input_names=["input_ids", "attention_mask"] if clip else ["input_ids"],
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>" if clip else "<pad>",
        model_max_length=LIMIT,
    )
