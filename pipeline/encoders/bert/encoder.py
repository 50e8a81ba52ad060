"""BERT's contextual vector of every word of a text."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipeline.core.device import arithmetic, frozen_inference, parallel_calls
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
    quiet,
)
from pipeline.errors import UserError
from pipeline.features.store import BertFeatures
from pipeline.features.texts import Texts

# Texts of one length per batch: enough to fill the forward passes of most lengths.
_BATCH_TEXTS = 64
# The most pieces of a forward pass: enough to keep a core busy, few enough that the last pass of a
# length wastes little. A pass has 16, 8, 4, 2 texts or 1, so that batches of 16 divide.
_PASS_PIECES = 256
_PASS_TEXTS = 16
# No row depends on these, so a checkpoint may lack them.
_UNUSED_WEIGHTS = "pooler."


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

    Texts of one length share a forward pass, without padding, and a pass of n pieces per text
    always has the same shape: kernels choose their order of summation by shape, so only then is a
    row bit for bit independent of its batch.
    """

    name = "bert"
    revision = 1  # of this module, subword_pooling.py and tokenizer.py
    batch_size = _BATCH_TEXTS

    def __init__(self, folder: Path, layer: int, merge: Merge, device: torch.device) -> None:
        """Load a model's folder.

        layer: 1 is the first layer, -1 the last.

        Raises:
            UserError: the folder has no such model, or the model no such layer.
        """
        self.parallel_calls = parallel_calls(device)
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
            "pass": [_PASS_TEXTS, _PASS_PIECES],
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
        hidden = self._hidden(np.concatenate([text.windows for text in texts]))
        ends = np.cumsum([len(text.windows) for text in texts])
        parts = np.split(hidden, ends[:-1])
        rows = {id(text): self._row(text, part) for text, part in zip(texts, parts, strict=True)}
        return [rows[id(text)] for text in batch]

    def _row(self, text: TokenizedText, hidden: Floats) -> Row:
        pieces = join_windows(hidden, text.starts, text.word_of_piece)
        vectors, empty = pool_subwords(pieces, text.word_of_piece, text.words, self._merge)
        with np.errstate(over="ignore"):  # overflow is an error where rows are written
            return {"vectors": vectors.astype(np.float16), "empty": empty}

    def _hidden(self, windows: Integers) -> Floats:
        """Map piece ids (N, n) to (N, n - special pieces, D), in passes of one shape."""
        count, length = windows.shape
        size = _PASS_TEXTS
        while size > 1 and size * length > _PASS_PIECES:
            size //= 2
        filled = np.concatenate([windows, np.repeat(windows[-1:], -count % size, axis=0)])
        passes = [self._forward(filled[i : i + size]) for i in range(0, count, size)]
        inner = slice(len(self._tokenizer.before), length - len(self._tokenizer.after))
        return np.concatenate(passes)[:count, inner]

    def _forward(self, windows: Integers) -> Floats:
        ids = torch.from_numpy(windows).to(self._device)
        with frozen_inference(self._device):
            output = self._model(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                output_hidden_states=not self._last,
            )
            # The last entry of hidden_states may lack a final normalisation.
            layer = output.last_hidden_state if self._last else output.hidden_states[self._layer]
            vectors: Floats = layer.float().cpu().numpy()
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
