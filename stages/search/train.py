"""Train AMC, or one of its ablations; an interrupted run resumes where it stopped."""

from functools import partial
from shutil import copyfile, rmtree

from pipeline.core.device import resolve_device
from pipeline.params.project import Params, load_params
from pipeline.params.search import SearchParams, load_search_params
from pipeline.processes import ProcessGroup, train_in
from pipeline.search.data.inputs import SearchInputs, new_model
from pipeline.search.data.settings import SearchEncoders
from pipeline.search.features.keywords import TAGGER
from pipeline.search.features.visual import Visual
from pipeline.search.training.loop import RankingTask
from pipeline.training.checkpoint import process_checkpoint
from pipeline.training.curves import training_curves
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from stages import run
from stages.search import paths


def main() -> None:
    params, search = load_params(), load_search_params()
    device, processes = resolve_device(search.train.device), params.compute.training_processes
    train_in(processes, "stages.search.train", device, partial(train, params, search))


def train(params: Params, search: SearchParams, group: ProcessGroup) -> None:
    visual = Visual.read(paths.VISUAL[search.visual], search.visual)
    inputs = SearchInputs.load(paths.QUERIES, paths.KEYWORDS, paths.GLOVE, visual)
    seed_everything(search.train.seed)
    model = new_model(search, inputs).to(group.device)
    task = RankingTask(model, inputs.features, search, group)
    settings = search.model_dump_json(include={"ranking", "train", "evaluate"})
    data = f"{inputs.features.digest} {group.device} {group.count}"
    identity = f"{model.config.model_dump_json()} {settings} {data}"
    checkpoint = process_checkpoint(paths.CHECKPOINT, identity, group)
    with training_curves(paths.TRAINING, group.is_first) as log:
        best = fit(task, log, checkpoint, progress=group.is_first)
    if group.is_first:
        SearchEncoders.of(params, search, inputs.features.fingerprints).save(paths.AMC)
        model.save_pretrained(paths.AMC)
        # So that the model's folder is complete for searching new images.
        copyfile(paths.KEYWORDS / TAGGER, paths.AMC / TAGGER)
        rmtree(paths.CHECKPOINT)  # so that the next run starts over
        print(f"kept epoch {best.epoch}: NDCG@25 {best.score:.4f} on dev")


if __name__ == "__main__":
    run(main)
