"""Dual encoders of images and texts: CLIP, SigLIP or SigLIP 2."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from transformers import AutoImageProcessor, AutoTokenizer

from pipeline.core.device import arithmetic, frozen_inference, parallel_calls
from pipeline.encoders.rows.assemble import assemble
from pipeline.encoders.rows.cache import RowCache, cache_root
from pipeline.encoders.rows.encoder import Field, Row
from pipeline.encoders.rows.extract import Extract, extract
from pipeline.encoders.transformers.loading import (
    IMAGE_FILES,
    MODEL_FILES,
    TOKENIZER_FILES,
    file_digests,
    find_folder,
    load_model,
    load_part,
    quiet,
)
from pipeline.errors import UserError
from pipeline.features.store import ClipTextFeatures
from pipeline.features.texts import Texts
from pipeline.images.source import StoredImage

_GPU_BATCH = 32
# What a download by hand needs beside settings and weights.
_NEEDED = (IMAGE_FILES[0], "tokenizer.json")

Inputs = Mapping[str, Tensor]


@dataclass(frozen=True)
class TextInputs:
    """A text as the model takes it, each tensor (1, limit); cut: whether it was truncated."""

    tensors: Inputs
    cut: bool


class _Side:
    """What both encoders share: embedding a batch of one shape, normalised to length 1."""

    def __init__(self, embed: Callable[..., Any], config: Any, device: torch.device) -> None:
        # CLIP projects both sides to one width; SigLIP's sides have the same by construction.
        width = getattr(config, "projection_dim", None) or config.vision_config.hidden_size
        self.batch_size = _GPU_BATCH if device.type == "cuda" else 1
        self.parallel_calls = parallel_calls(device)
        self.vectors = Field("vectors", (int(width),), "float16")
        self._embed, self._device = embed, device

    def embed(self, batch: Sequence[Inputs]) -> Any:
        """One embedding per item, (B, D) float16."""
        inputs = {
            name: torch.cat([item[name] for item in batch]).to(self._device) for name in batch[0]
        }
        with frozen_inference(self._device):
            found = self._embed(**inputs).pooler_output  # B x D
            unit: Tensor = F.normalize(found.float(), dim=-1)
            return unit.half().cpu().numpy()


class ClipImageEncoder(_Side):
    """An image as one vector of length 1; resized and cropped according to the model's settings."""

    name = "clip-images"
    revision = 1

    def __init__(
        self, model: Any, processor: Any, fingerprint: dict[str, Any], device: torch.device
    ) -> None:
        super().__init__(model.get_image_features, model.config, device)
        self.fields = (self.vectors,)
        self.fingerprint = {**fingerprint, "pillow": version("pillow")}
        self._processor = processor

    def load(self, source: StoredImage) -> Inputs:
        # The channels' axis must be given: an image three pixels high is ambiguous.
        pixels = np.asarray(source.open())  # H x W x 3
        inputs: Inputs = self._processor(
            images=[pixels], input_data_format="channels_last", return_tensors="pt"
        ).data
        return inputs

    def group(self, item: Inputs) -> Hashable:
        return tuple(value.shape for value in item.values())

    def encode(self, batch: Sequence[Inputs]) -> list[Row]:
        return [{"vectors": vector} for vector in self.embed(batch)]


class ClipTextEncoder(_Side):
    """The words of a text, joined by spaces, as one vector of length 1.

    Texts are padded to the model's limit, as in SigLIP's training; CLIP reads up to the end token,
    so padding changes nothing there. Longer texts are truncated, and `cut` is true for them.
    """

    name = "clip-texts"
    revision = 1

    def __init__(
        self, model: Any, tokenizer: Any, fingerprint: dict[str, Any], device: torch.device
    ) -> None:
        super().__init__(model.get_text_features, model.config, device)
        # A tokenizer without a limit says a very large one.
        limit = min(
            int(model.config.text_config.max_position_embeddings), tokenizer.model_max_length
        )
        self.limit = limit
        self.fields = (self.vectors, Field("cut", (), "bool"))
        self.fingerprint = {**fingerprint, "limit": limit, "tokenizers": version("tokenizers")}
        # A tokenizer stores each call's padding, so it is not thread-safe.
        self._tokenizer, self._lock = tokenizer, Lock()

    def load(self, source: Sequence[str]) -> TextInputs:
        text = " ".join(source)
        with self._lock:
            pieces = self._tokenizer(text, verbose=False)["input_ids"]
            encoded = self._tokenizer(
                [text],
                padding="max_length",
                truncation=True,
                max_length=self.limit,
                return_tensors="pt",
            )
        return TextInputs(dict(encoded), len(pieces) > self.limit)

    def group(self, item: TextInputs) -> Hashable:
        return None

    def encode(self, batch: Sequence[TextInputs]) -> list[Row]:
        vectors = self.embed([text.tensors for text in batch])
        return [
            {"vectors": vector, "cut": np.array(text.cut)}
            for vector, text in zip(vectors, batch, strict=True)
        ]


def load_clip(
    model: str, revision: str | None, section: str, device: torch.device
) -> tuple[ClipImageEncoder, ClipTextEncoder]:
    """Both sides of a dual encoder in a local folder, or of a hub id at a commit.

    section: of params, for messages.

    Raises:
        UserError: there is no such model, it is no dual encoder, or files of it are missing.
    """
    folder = find_folder(model, revision, section, _NEEDED)
    with quiet():
        network = load_model(folder)
        _check_dual(network, folder)
        tokenizer = load_part(AutoTokenizer, folder, "the model's tokenizer")
        # The published models were trained on images that Pillow resized.
        title = "the model's image processor"
        processor = load_part(AutoImageProcessor, folder, title, backend="pil")
    network = network.to(device)
    fingerprint = _fingerprint(folder, network.config, device)
    images = ClipImageEncoder(network, processor, fingerprint, device)
    return images, ClipTextEncoder(network, tokenizer, fingerprint, device)


def _fingerprint(folder: Path, config: Any, device: torch.device) -> dict[str, Any]:
    return {
        "model": config.model_type,
        "files": file_digests(folder, MODEL_FILES + TOKENIZER_FILES + IMAGE_FILES),
        "attention": config._attn_implementation,
        "arithmetic": {**arithmetic(device), "trunk": "float32"},
        "transformers": version("transformers"),
    }


def write_clip_texts(
    path: Path, encoder: ClipTextEncoder, texts: Texts, engine: Extract = extract
) -> int:
    """Encode every text that the row cache lacks, and write the file.

    Returns: how many texts were truncated at the model's limit.

    Raises:
        UserError: the cache or the file cannot be written.
    """
    cache = RowCache(cache_root(), encoder)
    engine(encoder, texts.items(), cache)
    assemble(path, encoder, list(texts), cache)
    return int(ClipTextFeatures.read(path).cut.sum())


def _check_dual(network: nn.Module, folder: Path) -> None:
    config: Any = network.config
    text_config = getattr(config, "text_config", None)
    if not hasattr(text_config, "max_position_embeddings") or not all(
        hasattr(network, f"get_{side}_features") for side in ("image", "text")
    ):
        raise UserError(
            f"{folder} holds a model of type {config.model_type}, which does not embed images"
            " and texts alike; allowed: CLIP, SigLIP, SigLIP 2 and others with their interface"
        )
