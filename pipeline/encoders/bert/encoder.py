"""BERT's contextual vector of every word of a text."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from transformers import AutoConfig

from pipeline.core.device import (
    arithmetic,
    frozen_inference,
    on_device,
    parallel_calls,
    takes_batches,
)
from pipeline.encoders.bert.files import find_model
from pipeline.encoders.bert.subword_pooling import (
    Floats,
    Integers,
    Merge,
    join_windows,
    pool_subwords,
    window_starts,
)
from pipeline.encoders.bert.tokenizer import load_tokenizer
from pipeline.encoders.rows.assemble import assemble, collect
from pipeline.encoders.rows.cache import RowCache, cache_root
from pipeline.encoders.rows.encoder import Field, Row
from pipeline.encoders.rows.extract import Extract, extract
from pipeline.encoders.transformers.loading import (
    MODEL_FILES,
    TOKENIZER_FILES,
    file_digests,
    load_model,
    load_part,
    quiet,
)
from pipeline.errors import UserError
from pipeline.features.store import BertFeatures
from pipeline.features.texts import Texts

# No row depends on these, so a checkpoint may lack them.
_UNUSED_WEIGHTS = "pooler."


@dataclass(frozen=True)
class _Passes:
    """How texts of one length share forward passes.

    batch: texts that `encode` gets, enough to fill the passes of most lengths. texts, pieces: the
    most of a pass, which has a power of two of texts.
    fixed: the passes of a batch all have one size, the last filled up, and one copy brings their
    results to the host. Kernels choose their order of summation by shape, so only then does a row
    not depend on its batch, bit for bit. Else the last pass is no larger than it needs to be, and
    each has a copy of its own, since a batch of long texts fits no memory.
    """

    batch: int
    texts: int
    pieces: int
    fixed: bool

    def size(self, length: int) -> int:
        """The texts of a whole pass, each of `length` pieces."""
        size = self.texts
        while size > 1 and size * length > self.pieces:
            size //= 2
        return size

    def sizes(self, count: int, length: int) -> list[int]:
        """The sizes of the passes of `count` texts, which together hold at least as many."""
        size = self.size(length)
        whole, rest = divmod(count, size)
        last = size if self.fixed else 1 << (rest - 1).bit_length()
        return [size] * whole + [last] * bool(rest)


# Enough to keep a core busy, few enough that the last pass of a length wastes little.
_ON_CPU = _Passes(batch=64, texts=16, pieces=256, fixed=True)
# Half a pass costs a GPU nearly as much as a whole one.
_ON_GPU = _Passes(batch=1024, texts=1024, pieces=16384, fixed=False)


@dataclass(frozen=True)
class TokenizedText:
    """A text as the model takes it.

    windows: (N, n) piece ids, special pieces included; N is 1 unless the text exceeds the model's
    limit. starts: (N,), the first piece of each window. word_of_piece: (P,). words: L.
    """

    windows: Integers
    starts: Integers
    word_of_piece: Integers
    words: int


class BertEncoder:
    """The words of a text as one row.

    vectors: (L, D), a layer's vectors pooled over the pieces of each word. empty: (L,), true for a
    word that the tokenizer drops. L is the number of words: a text beyond the model's limit is
    read in overlapping windows. GloVe tokens are read as plain words (by BERTweet as its own
    tokens), since the tokenizer would split off the brackets; `<unk>` as the unknown piece.

    Texts of one length share a forward pass, without padding. On a CPU, a pass of n pieces per text
    always has the same shape, and a row is bit for bit independent of its batch.
    """

    name = "bert"
    revision = 1  # of this module, subword_pooling.py and tokenizer.py

    def __init__(self, folder: Path, layer: int, merge: Merge, device: torch.device) -> None:
        """Load a model's folder.

        layer: 1 is the first layer, -1 the last.

        Raises:
            UserError: the folder has no such model, or one of another kind, or the model no such
                layer.
        """
        _require_encoder(folder)
        self.parallel_calls = parallel_calls(device)
        self._passes = _ON_GPU if takes_batches(device) else _ON_CPU
        self.batch_size = self._passes.batch
        with quiet():
            self._model = load_model(folder, _UNUSED_WEIGHTS).to(device)
            self._tokenizer = load_tokenizer(folder)
        config: Any = self._model.config
        self._layer = _layer_index(layer, config.num_hidden_layers)
        self._last = self._layer == config.num_hidden_layers
        self._merge, self._device = merge, device
        special = len(self._tokenizer.before) + len(self._tokenizer.after)
        self._window = min(self._tokenizer.limit, _positions(self._model, config)) - special
        self.fields = (
            Field("vectors", (config.hidden_size,), "float16", ragged=True),
            Field("empty", (), "bool", ragged=True),
        )
        self.fingerprint = self._describe(folder, config)

    def _describe(self, folder: Path, config: Any) -> dict[str, Any]:
        return {
            "model": config.model_type,
            "files": file_digests(folder, MODEL_FILES + TOKENIZER_FILES),
            "layer": self._layer,
            "merge": self._merge,
            "window": self._window,
            "pass": [self._passes.texts, self._passes.pieces],
            "attention": config._attn_implementation,
            "markers": self._tokenizer.glove_tokens,
            "arithmetic": {**arithmetic(self._device), "trunk": "float32"},
            "transformers": version("transformers"),
            "tokenizers": version("tokenizers"),
            **self._tokenizer.settings,
        }

    def load(self, source: Sequence[str]) -> TokenizedText:
        readings = self._tokenizer.glove_tokens | {"<unk>": self._tokenizer.unknown}
        words = [readings.get(word, word) for word in source]
        ids, word_of_piece = self._tokenizer.split(words)
        starts = window_starts(len(ids), self._window)
        inner = ids[starts[:, None] + np.arange(min(len(ids), self._window))]  # N x W
        before = np.tile(self._tokenizer.before, (len(starts), 1))
        after = np.tile(self._tokenizer.after, (len(starts), 1))
        windows = np.concatenate([before, inner, after], axis=1)
        return TokenizedText(windows, starts, word_of_piece, len(words))

    def group(self, item: TokenizedText) -> Hashable:
        pieces: int = item.windows.shape[1]
        return pieces

    def encode(self, batch: Sequence[TokenizedText]) -> list[Row]:
        # An incomplete batch repeats its last text, which is computed once.
        texts = list({id(text): text for text in batch}.values())
        rows: dict[int, Row] = {}
        for part in self._parts(texts):
            hidden = self._hidden(np.concatenate([text.windows for text in part]))
            ends = np.cumsum([len(text.windows) for text in part])
            for text, own in zip(part, np.split(hidden, ends[:-1]), strict=True):
                rows[id(text)] = self._row(text, own)
        return [rows[id(text)] for text in batch]

    def _parts(self, texts: list[TokenizedText]) -> list[list[TokenizedText]]:
        """The texts whose vectors come to the host together."""
        if self._passes.fixed:
            return [texts]
        size = self._passes.size(texts[0].windows.shape[1])
        parts: list[list[TokenizedText]] = [[]]
        windows = 0
        for text in texts:
            windows += len(text.windows)
            if windows > size and parts[-1]:
                parts.append([])
                windows = len(text.windows)
            parts[-1].append(text)
        return parts

    def _row(self, text: TokenizedText, hidden: Floats) -> Row:
        pieces = join_windows(hidden, text.starts, text.word_of_piece)
        vectors, empty = pool_subwords(pieces, text.word_of_piece, text.words, self._merge)
        with np.errstate(over="ignore"):  # overflow is an error where rows are written
            return {"vectors": vectors.astype(np.float16), "empty": empty}

    def _hidden(self, windows: Integers) -> Floats:
        """Map piece ids (N, n) to (N, n - special pieces, D), with one copy to the host."""
        count, length = windows.shape
        sizes = self._passes.sizes(count, length)
        filled = np.concatenate([windows, np.repeat(windows[-1:], sum(sizes) - count, axis=0)])
        inner = slice(len(self._tokenizer.before), length - len(self._tokenizer.after))
        ids = on_device(torch.from_numpy(filled), self._device)
        with frozen_inference(self._device):
            found = torch.cat([self._forward(part)[:, inner] for part in torch.split(ids, sizes)])
            vectors: Floats = found[:count].cpu().numpy()
        return vectors

    def _forward(self, ids: Tensor) -> Tensor:
        """The layer's vectors of piece ids (B, n): (B, n, D)."""
        output = self._model(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            output_hidden_states=not self._last,
        )
        # The last entry of hidden_states may lack a final normalisation.
        layer = output.last_hidden_state if self._last else output.hidden_states[self._layer]
        vectors: Tensor = layer.float()
        return vectors


def load_bert(
    model: str, revision: str | None, layer: int, merge: Merge, device: torch.device
) -> BertEncoder:
    """The encoder of `minilm` or `mpnet`, of a local folder, or of a hub id at a commit.

    Raises:
        UserError: there is no such model or layer.
    """
    return BertEncoder(find_model(model, revision), layer, merge, device)


def write_bert(path: Path, encoder: BertEncoder, texts: Texts, engine: Extract = extract) -> None:
    """Encode every text that the row cache lacks, and write bert.h5.

    Raises:
        UserError: the cache or the file cannot be written.
    """
    assemble(path, encoder, list(texts), _computed(encoder, texts, engine))


def embed_bert(path: Path, encoder: BertEncoder, texts: Texts) -> BertFeatures:
    """The same as `write_bert`, in memory; path: what messages call it."""
    return BertFeatures(**collect(path, encoder, list(texts), _computed(encoder, texts, extract)))


def _computed(encoder: BertEncoder, texts: Texts, engine: Extract) -> RowCache:
    cache = RowCache(cache_root(), encoder)
    # Texts of one length, which can share a pass, then follow each other.
    by_length = sorted(texts.items(), key=lambda text: len(text[1]))
    engine(encoder, by_length, cache)
    return cache


def _require_encoder(folder: Path) -> None:
    """Check, before the weights are read, that a model reads a text at once and up to a length."""
    with quiet():
        config = load_part(AutoConfig, folder, "a model")
        has_limit = getattr(config, "max_position_embeddings", -1) > 0  # XLNet says -1
    if config.is_encoder_decoder or not has_limit:
        kind = "writes texts" if config.is_encoder_decoder else "has no limit of positions"
        raise UserError(
            f"bert.model: {folder} is a {config.model_type}, which {kind}; allowed: encoders with"
            " positions, such as bert, roberta, mpnet, deberta or modernbert"
        )


def _positions(model: Any, config: Any) -> int:
    """How many pieces a model has positions for; RoBERTa reserves the first ones for padding."""
    table = getattr(getattr(model, "embeddings", None), "position_embeddings", None)
    padding = getattr(table, "padding_idx", None)
    positions: int = config.max_position_embeddings
    return positions if padding is None else positions - padding - 1


def _layer_index(layer: int, layers: int) -> int:
    if layer == 0 or abs(layer) > layers:
        raise UserError(
            f"bert.layer = {layer}: the model has {layers} layers;"
            f" allowed: 1 to {layers}, or -{layers} to -1"
        )
    return layer if layer > 0 else layers + 1 + layer
