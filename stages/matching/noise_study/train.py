"""One run of the noise study: loss, rate, seed, as in `train active_complementary 0.4 0`."""

import json
import sys
from shutil import rmtree

import torch

from pipeline.files import whole_file
from pipeline.matching.captions.captions import CaptionSet
from pipeline.matching.data.data import MatchingData
from pipeline.matching.data.evaluation import evaluate_correspondence, evaluate_retrieval
from pipeline.matching.noise_study.comparison import run_params
from pipeline.matching.training.training import train_members
from pipeline.params.matching import load_matching_params, load_noise_study_params
from stages import run
from stages.matching import paths as matching
from stages.matching.noise_study import paths


def main() -> None:
    loss, rate, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    # Runs share the cores, and their results do not depend on the number of threads.
    torch.set_num_threads(1)
    params = run_params(load_matching_params(), load_noise_study_params(), loss, rate, seed)
    captions = CaptionSet.read(matching.PAIRS).with_noise(params.noise)
    data = MatchingData.load(captions, params, matching.WORDS, paths.REGIONS)
    name = "-".join(sys.argv[1:4])
    checkpoints = paths.CHECKPOINTS / name
    trained = train_members(data, params, lambda epoch, figures: None, checkpoints)
    figures = evaluate_retrieval(trained.models, data.splits["test"], fold=0)
    figures |= evaluate_correspondence(trained.correspondence, captions.wrong)
    found = {"loss": loss, "rate": rate, "seed": seed, **figures}
    with whole_file(paths.RUNS / f"{name}.json") as temporary:
        temporary.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    rmtree(checkpoints)  # so that the next run starts afresh


if __name__ == "__main__":
    run(main)
