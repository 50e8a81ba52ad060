"""Pictures and texts in the common space of a dual encoder: CLIP, SigLIP or SigLIP 2."""

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

from pipeline.device import arithmetic, frozen_inference, parallel_calls
from pipeline.errors import UserError
from pipeline.features.assemble import assemble
from pipeline.features.clip_store import ClipTextFeatures
from pipeline.features.encoder import Field, Row
from pipeline.features.extract import Extract, extract
from pipeline.features.pictures import Picture
from pipeline.features.pretrained import (
    MODEL_FILES,
    PICTURE_FILES,
    TOKENIZER_FILES,
    file_digests,
    find_folder,
    load_model,
    quiet,
)
from pipeline.features.rows import RowCache, cache_root
from pipeline.features.texts import Texts

_GPU_BATCH = 32
# What a user who downloads by hand brings beside settings and weights.
_NEEDED = (PICTURE_FILES[0], "tokenizer.json")

Inputs = Mapping[str, Tensor]


@dataclass(frozen=True)
class TextInputs:
    """A text as its model takes it, each tensor (1, limit); cut: it was longer."""

    tensors: Inputs
    cut: bool


class _Side:
    """What both encoders share: a batch of one shape, embedded and brought to length 1."""

    def __init__(self, embed: Callable[..., Any], width: int, device: torch.device) -> None:
        self.batch_size = _GPU_BATCH if device.type == "cuda" else 1
        self.parallel_calls = parallel_calls(device)
        self.vectors = Field("vectors", (width,), "float16")
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
    """A picture as one vector of length 1; resized and cropped as the model's settings say."""

    name = "clip-images"

    def __init__(
        self,
        model: Any,
        processor: Any,
        width: int,
        fingerprint: dict[str, Any],
        device: torch.device,
    ) -> None:
        super().__init__(model.get_image_features, width, device)
        self.fields = (self.vectors,)
        self.fingerprint = {**fingerprint, "pillow": version("pillow")}
        self._processor = processor

    def load(self, source: Picture) -> Inputs:
        # As an array whose last axis is said to hold the channels: of a picture three pixels high,
        # a processor could not tell.
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

    Every text is padded to the model's limit, as SigLIP was trained: to CLIP, which reads up to
    the end mark, it makes no difference. What is beyond the limit is cut, and `cut` says so.
    """

    name = "clip-texts"

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        limit: int,
        width: int,
        fingerprint: dict[str, Any],
        device: torch.device,
    ) -> None:
        super().__init__(model.get_text_features, width, device)
        self.limit = limit
        self.fields = (self.vectors, Field("cut", (), "bool"))
        self.fingerprint = {**fingerprint, "limit": limit, "tokenizers": version("tokenizers")}
        # A tokenizer keeps the last call's padding, so two threads must not use it at once.
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

    section: of the parameters, which errors name.

    Raises:
        UserError: there is no such model, it is no dual encoder, or files of it are missing.
    """
    folder = find_folder(model, revision, section, _NEEDED)
    with quiet():
        network = load_model(folder)
        width, limit = _check_dual(network, folder)
        tokenizer = _load_part(AutoTokenizer, folder, "tokenizer")
        # The published models were trained on pictures that Pillow resized.
        processor = _load_part(AutoImageProcessor, folder, "image processor", backend="pil")
    network = network.to(device)
    config: Any = network.config
    fingerprint = {
        "model": config.model_type,
        "files": file_digests(folder, MODEL_FILES + TOKENIZER_FILES + PICTURE_FILES),
        "attention": config._attn_implementation,
        "arithmetic": {**arithmetic(device), "trunk": "float32"},
        "transformers": version("transformers"),
    }
    # Longer than any limit where the tokenizer has none.
    limit = min(limit, tokenizer.model_max_length)
    images = ClipImageEncoder(network, processor, width, fingerprint, device)
    return images, ClipTextEncoder(network, tokenizer, limit, width, fingerprint, device)


def write_clip_texts(
    path: Path, encoder: ClipTextEncoder, texts: Texts, engine: Extract = extract
) -> int:
    """Encode every text that the row cache lacks, and write the file.

    Returns: how many texts were cut at the model's limit.

    Raises:
        UserError: the cache or the file cannot be written.
    """
    cache = RowCache(cache_root(), encoder)
    engine(encoder, texts.items(), cache)
    assemble(path, encoder, list(texts), cache)
    return int(ClipTextFeatures.read(path).cut.sum())


def _check_dual(network: nn.Module, folder: Path) -> tuple[int, int]:
    """The width of both sides' embeddings, and how many pieces a text may have."""
    config: Any = network.config
    limit = getattr(getattr(config, "text_config", None), "max_position_embeddings", None)
    if limit is None or not all(
        hasattr(network, f"get_{side}_features") for side in ("image", "text")
    ):
        raise UserError(
            f"{folder} holds a model of type {config.model_type}, which does not embed pictures"
            " and texts alike; allowed: CLIP, SigLIP, SigLIP 2 and others with their interface"
        )
    # CLIP projects both sides to one width; SigLIP's sides have it by construction.
    width = getattr(config, "projection_dim", None) or config.vision_config.hidden_size
    return int(width), int(limit)


def _load_part(kind: Any, folder: Path, title: str, **settings: Any) -> Any:
    try:
        return kind.from_pretrained(folder, local_files_only=True, **settings)
    # A tokenizer whose library is not installed is an ImportError.
    except (OSError, ValueError, KeyError, TypeError, ImportError) as error:
        raise UserError(f"{folder} cannot be loaded as the model's {title}: {error}") from None
