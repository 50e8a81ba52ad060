"""Train AnANet on cached features; an interrupted run resumes where it stopped."""

from functools import partial
from shutil import rmtree

from pipeline import paths
from pipeline.classifier_training.classification import ClassificationTask
from pipeline.core.device import resolve_device
from pipeline.dataset.reading import load_pairs
from pipeline.initialisation.ananet import new_ananet
from pipeline.models.saved import AnANetEncoders
from pipeline.params.project import Params, load_params
from pipeline.processes import ProcessGroup, train_in
from pipeline.training.checkpoint import process_checkpoint
from pipeline.training.curves import training_curves
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from stages import run


def main() -> None:
    params = load_params()
    device, processes = resolve_device(params.train.device), params.compute.training_processes
    train_in(processes, "stages.train", device, partial(train, params))


def train(params: Params, group: ProcessGroup) -> None:
    features = load_pairs(params.corpus.labels, params.model).to(group.device)
    seed_everything(params.train.seed)
    model = new_ananet(params, features).to(group.device)
    task = ClassificationTask(model, features, params.train, group=group)
    settings = f"{model.config.model_dump_json()} {params.train.model_dump_json()}"
    data = f"{features.digest} {features.arrays.batching}"
    identity = f"{settings} {data} {params.compute.training_processes} {group.device}"
    checkpoint = process_checkpoint(paths.CHECKPOINT, identity, group)
    with training_curves(paths.TRAINING_CURVES, group.is_first) as log:
        best = fit(task, log, checkpoint, progress=group.is_first)
    if group.is_first:
        AnANetEncoders.of(params, features.arrays.fingerprints).save(paths.ANANET)
        model.save_pretrained(paths.ANANET)
        rmtree(paths.CHECKPOINT)  # so that the next run starts over
        print(f"kept epoch {best.epoch}: weighted F1 {best.score:.4f} on dev")


if __name__ == "__main__":
    run(main)
