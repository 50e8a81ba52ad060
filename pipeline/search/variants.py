"""One run of the paper's ablation."""

import torch

from pipeline.device import resolve_device
from pipeline.search.configuration import SearchInputs, new_model
from pipeline.search.loop import fit
from pipeline.search.metrics import ranking_metrics
from pipeline.search.params import SearchParams
from pipeline.search.ranking import rank_split
from pipeline.training.seeding import seed_everything


def train_variant(params: SearchParams, inputs: SearchInputs) -> dict[str, float]:
    """Train a model with these parameters; the test split's metrics, and the epoch it kept."""
    seed_everything(params.train.seed)
    # Takes a tenth of a small training's time; nothing here reads a tensor before it is written.
    torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    model = new_model(params, inputs).to(resolve_device(params.train.device))
    epoch = fit(model, inputs.features, params, lambda epoch, figures: None)
    _, ranking = rank_split(model, inputs.features, "test", params.evaluate)
    return {"epoch": epoch, **ranking_metrics(ranking, params.evaluate.without_relevant)}
