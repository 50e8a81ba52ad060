"""One epoch of AnANet on cached features, against a DataLoader over padded HDF5 items.

Texts have the lengths of the corpus; the values are random, which does not change the time.

python -m tests.benchmarks.training_epoch [--pairs 3611] [--workers 0] [--runs 5] [--clock wall]
"""

from pathlib import Path
from tempfile import TemporaryDirectory

import h5py
import torch
from torch import Tensor
from torch.nn.utils import clip_grad_norm_
from torch.utils.data import DataLoader, Dataset

from pipeline.classifier_training.classification import ClassificationTask
from pipeline.core.device import resolve_device
from pipeline.initialisation.ananet import new_ananet
from pipeline.models.ananet import AnANet
from pipeline.params.project import Params, load_params
from pipeline.training.loop import fit
from tests.benchmarks.corpora import MAX_WORDS, corpus_name, texts
from tests.benchmarks.features import (
    REGION_DIM,
    REGIONS,
    WORD_DIM,
    load_features,
    random_values,
    write_features,
)
from tests.benchmarks.measuring import (
    Ratio,
    alternate,
    bench_arguments,
    clock_named,
    medians,
    report,
)


def main() -> None:
    parser = bench_arguments(__doc__, runs=5)
    parser.add_argument("--pairs", type=int, default=3611)
    parser.add_argument("--workers", type=int, default=0, help="of the DataLoader")
    arguments = parser.parse_args()
    clock = clock_named(arguments.clock)
    params = load_params()
    device = resolve_device("auto")
    lengths = [len(words) for words in texts(arguments.pairs).values()]
    lengths = (lengths * (arguments.pairs // len(lengths) + 1))[: arguments.pairs]
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_features(folder, lengths, params)
        features = load_features(folder, params).to(device)
        write_padded(folder / "padded.h5", lengths)
        model = new_ananet(params, features).to(device)
        steps = Steps(model, params)
        reads_padding = model.config.model.model_copy(update={"mask_padding": False})
        config = model.config.model_copy(update={"model": reads_padding})
        naive = Steps(AnANet(config).to(device), params)
        ready = [
            features.gather(rows) for rows in features.batches("train", params.train.batch_size)
        ]
        loader = DataLoader(
            PaddedItems(folder / "padded.h5"),
            params.train.batch_size,
            shuffle=True,
            num_workers=arguments.workers,
        )
        steps(ready[0].inputs, ready[0].labels)
        one_epoch = params.train.model_copy(update={"epochs": 1})
        seconds = alternate(
            arguments.runs,
            clock,
            epoch=lambda: fit(
                ClassificationTask(model, features, one_epoch), lambda epoch, figures: None
            ),
            steps=lambda: [steps(batch.inputs, batch.labels) for batch in ready],
            loader=lambda: [naive(inputs, labels) for inputs, labels in loader],
            masked_loader=lambda: [steps(inputs, labels) for inputs, labels in loader],
        )
    sizes = {
        "pairs": len(lengths),
        "corpus": corpus_name(),
        "words_per_text": round(sum(lengths) / len(lengths), 1),
        "workers": arguments.workers,
        "clock": arguments.clock,
        **medians(seconds),
    }
    report(
        "epoch_speed",
        f"speed of a training epoch against a DataLoader over HDF5 items padded to {MAX_WORDS}"
        " words, all of which the text encoder reads",
        Ratio.of(seconds["loader"], seconds["epoch"]),
        "at least 5",
        **sizes,
    )
    report(
        "epoch_speed_masked",
        "the same, where the text encoder leaves padding out",
        Ratio.of(seconds["masked_loader"], seconds["epoch"]),
        "none",
        **sizes,
    )
    report(
        "epoch_share",
        "forward, backward and optimiser on batches made beforehand, against the whole epoch",
        Ratio.of(seconds["steps"], seconds["epoch"]),
        "at least 0.90",
        **sizes,
    )


class Steps:
    """Forward, backward and optimiser step only."""

    def __init__(self, model: AnANet, params: Params) -> None:
        self._model, self._params = model, params.train
        self._optimizer = torch.optim.Adam(model.parameters(), lr=params.train.lr)
        self._device = next(model.parameters()).device

    def __call__(self, inputs: dict[str, Tensor], labels: Tensor) -> None:
        self._model.train()
        output = self._model(**{name: x.to(self._device) for name, x in inputs.items()})
        total = self._model.loss(output, labels.to(self._device))["total"]
        self._optimizer.zero_grad()
        torch.autograd.backward(total)
        clip_grad_norm_(self._model.parameters(), self._params.clip_norm)
        self._optimizer.step()


class PaddedItems(Dataset[tuple[dict[str, Tensor], Tensor]]):
    """One pair at a time from HDF5, as is usual."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: h5py.File | None = None

    def __len__(self) -> int:
        with h5py.File(self._path) as file:
            return len(file["length"])

    def __getitem__(self, i: int) -> tuple[dict[str, Tensor], Tensor]:
        if self._file is None:  # each worker opens its own
            self._file = h5py.File(self._path)
        inputs = {
            "regions": torch.from_numpy(self._file["regions"][i]).float(),
            "region_mask": torch.ones(REGIONS, dtype=torch.bool),
            "words": torch.from_numpy(self._file["words"][i]).float(),
            "word_mask": torch.arange(MAX_WORDS) < int(self._file["length"][i]),
        }
        return inputs, torch.tensor(i % 3)


def write_padded(path: Path, lengths: list[int]) -> None:
    with h5py.File(path, "w") as file:
        file["length"] = lengths
        regions = file.create_dataset("regions", (len(lengths), REGIONS, REGION_DIM), "float16")
        words = file.create_dataset("words", (len(lengths), MAX_WORDS, WORD_DIM), "float16")
        for i, length in enumerate(lengths):
            regions[i] = random_values(i, REGIONS, REGION_DIM)
            words[i, :length] = random_values(i, length, WORD_DIM)


if __name__ == "__main__":
    main()
