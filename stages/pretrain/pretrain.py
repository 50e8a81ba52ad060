"""Pretrain AnANet's encoders and W on cached features; an interrupted run resumes."""

from shutil import rmtree

from pipeline.core.device import resolve_device
from pipeline.dataset.reading import load_pairs
from pipeline.metrics.writing import write_metrics
from pipeline.models.saved import AnANetEncoders
from pipeline.params.pretrain import LABEL, load_pretrain_params
from pipeline.params.project import load_params
from pipeline.pretraining.training import pretrain
from pipeline.training.curves import training_curves
from stages import run
from stages.pretrain import paths


def main() -> None:
    main_params, params = load_params(), load_pretrain_params()
    device = resolve_device(params.train.device)
    files = (paths.PAIRS, paths.REGIONS, paths.GLOVE, paths.BERT, paths.SCENES)
    features = load_pairs([LABEL], main_params.model, *files).to(device)
    with training_curves(paths.CURVES) as log:
        found = pretrain(features, params, main_params, log, paths.CHECKPOINTS)
    AnANetEncoders.of(main_params, features.arrays.fingerprints).save(paths.ENCODERS)
    found.matcher.save_pretrained(paths.ENCODERS)
    write_metrics(paths.METRICS, found.dev)
    rmtree(paths.CHECKPOINTS)  # so that the next run starts afresh


if __name__ == "__main__":
    run(main)
