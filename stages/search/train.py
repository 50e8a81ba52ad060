"""Train AMC, or one of its ablations, on cached features."""

from shutil import copyfile

from pipeline.device import resolve_device
from pipeline.params import load_params
from pipeline.search.configuration import SearchInputs, new_model
from pipeline.search.keywords import TAGGER
from pipeline.search.loop import SELECTED_BY, fit
from pipeline.search.params import load_search_params
from pipeline.search.settings import SearchEncoders
from pipeline.search.visual import Visual
from pipeline.training.curves import training_curves
from pipeline.training.seeding import seed_everything
from stages import run
from stages.search import paths


def main() -> None:
    search = load_search_params()
    visual = Visual.read(paths.VISUAL[search.visual], search.visual)
    inputs = SearchInputs.load(paths.QUERIES, paths.KEYWORDS, paths.GLOVE, visual)
    seed_everything(search.train.seed)
    model = new_model(search, inputs).to(resolve_device(search.train.device))
    with training_curves(paths.TRAINING) as log:
        best = fit(model, inputs.features, search, log)
    model.save_pretrained(paths.AMC)
    SearchEncoders.of(load_params(), search, inputs.features.fingerprints).save(paths.AMC)
    # With it, the model's folder is all that a search of new pictures needs.
    copyfile(paths.KEYWORDS / TAGGER, paths.AMC / TAGGER)
    print(f"kept epoch {best}, the best of dev by {SELECTED_BY}")


if __name__ == "__main__":
    run(main)
