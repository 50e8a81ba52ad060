"""BERT on ragged rows against the same model on texts padded to 100 words.

python -m tests.benchmarks.bert_rows [--texts 2000] [--runs 5] [--clock wall]
"""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import torch
from transformers import AutoModel, AutoTokenizer

from pipeline.core.device import frozen_inference, resolve_device
from pipeline.encoders.bert.encoder import BertEncoder, load_bert, write_bert
from pipeline.encoders.bert.files import find_model
from pipeline.features.texts import Texts
from tests.benchmarks.corpora import MAX_WORDS, corpus_name, texts
from tests.benchmarks.measuring import (
    Ratio,
    alternate,
    bench_arguments,
    clock_named,
    medians,
    report,
)

MODEL, BATCH = "minilm", 32


def main() -> None:
    parser = bench_arguments(__doc__, runs=5)
    parser.add_argument("--texts", type=int, default=2000)
    arguments = parser.parse_args()
    clock = clock_named(arguments.clock)
    device = resolve_device("auto")
    encoder, padded = load_bert(MODEL, None, -1, "mean", device), PaddedModel(device)
    chosen = texts(arguments.texts)
    with TemporaryDirectory() as name:
        folder = Path(name)
        few = dict(list(chosen.items())[:3])
        ragged(folder / "bert.h5", encoder, few)
        padded.write(folder / "padded.h5", few)
        seconds = alternate(
            arguments.runs,
            clock,
            ragged=lambda: ragged(folder / "bert.h5", encoder, chosen),
            padded=lambda: padded.write(folder / "padded.h5", chosen),
        )
        ragged_bytes = (folder / "bert.h5").stat().st_size
        padded_bytes = (folder / "padded.h5").stat().st_size
    words = sum(map(len, chosen.values())) / len(chosen)
    sizes = {"texts": len(chosen), "corpus": corpus_name(), "words_per_text": round(words, 1)}
    timed = {"clock": arguments.clock, **medians(seconds)}
    report(
        "bert_speed",
        f"speed of BERT rows against the model padded to {MAX_WORDS} words in batches of {BATCH}",
        Ratio.of(seconds["padded"], seconds["ragged"]),
        "at least 4",
        **sizes,
        **timed,
    )
    report(
        "bert_bytes",
        "bytes of BERT rows against padded float32",
        Ratio.of([ragged_bytes], [padded_bytes]),
        "at most 0.25",
        **sizes,
    )


def ragged(path: Path, encoder: BertEncoder, chosen: Texts) -> None:
    with TemporaryDirectory() as cache:
        os.environ["ANANET_CACHE"] = cache
        write_bert(path, encoder, chosen)


class PaddedModel:
    """BERT on texts padded to MAX_WORDS words."""

    def __init__(self, device: torch.device) -> None:
        folder = find_model(MODEL, None)
        self._model = AutoModel.from_pretrained(folder, trust_remote_code=False).eval().to(device)
        self._tokenizer = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        self._device = device

    def write(self, path: Path, chosen: Texts) -> None:
        padding = self._tokenizer.pad_token
        texts = [words + [padding] * (MAX_WORDS - len(words)) for words in chosen.values()]
        shape = (len(texts), MAX_WORDS, self._model.config.hidden_size)
        with h5py.File(path, "w") as file:
            vectors = file.create_dataset("vectors", shape, "float32")
            for start in range(0, len(texts), BATCH):
                vectors[start : start + BATCH] = self._encode(texts[start : start + BATCH])

    def _encode(self, batch: list[list[str]]) -> torch.Tensor:
        pieces = self._tokenizer(
            batch,
            is_split_into_words=True,
            padding=True,
            return_tensors="pt",
        ).to(self._device)
        with frozen_inference(self._device):
            return self._model(**pieces).last_hidden_state[:, 1 : 1 + MAX_WORDS].cpu()


if __name__ == "__main__":
    main()
