"""Train AMC, or one of its ablations; an interrupted run resumes where it stopped."""

from shutil import copyfile

from pipeline.core.device import resolve_device
from pipeline.params.project import load_params
from pipeline.params.search import load_search_params
from pipeline.search.data.inputs import SearchInputs, new_model
from pipeline.search.data.settings import SearchEncoders
from pipeline.search.features.keywords import TAGGER
from pipeline.search.features.visual import Visual
from pipeline.search.training.loop import RankingTask
from pipeline.training.checkpoint import Checkpoint
from pipeline.training.curves import training_curves
from pipeline.training.loop import fit
from pipeline.training.seeding import seed_everything
from stages import run
from stages.search import paths


def main() -> None:
    search = load_search_params()
    visual = Visual.read(paths.VISUAL[search.visual], search.visual)
    inputs = SearchInputs.load(paths.QUERIES, paths.KEYWORDS, paths.GLOVE, visual)
    seed_everything(search.train.seed)
    device = resolve_device(search.train.device)
    model = new_model(search, inputs).to(device)
    settings = search.model_dump_json(include={"ranking", "train", "evaluate"})
    identity = f"{model.config.model_dump_json()} {settings} {inputs.features.digest} {device}"
    checkpoint = Checkpoint(paths.CHECKPOINT, identity)
    with training_curves(paths.TRAINING) as log:
        best = fit(RankingTask(model, inputs.features, search), log, checkpoint)
    SearchEncoders.of(load_params(), search, inputs.features.fingerprints).save(paths.AMC)
    model.save_pretrained(paths.AMC)
    # So that the model's folder is complete for searching new images.
    copyfile(paths.KEYWORDS / TAGGER, paths.AMC / TAGGER)
    checkpoint.path.unlink()  # so that the next run starts over
    print(f"kept epoch {best.epoch}: NDCG@25 {best.score:.4f} on dev")


if __name__ == "__main__":
    run(main)
