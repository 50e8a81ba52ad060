"""One run: python -m stages.noise_study.train active_complementary 0.4 0 (loss, rate, seed)"""

import json
import sys

import torch

from pipeline.files import whole_file
from pipeline.matching.captions import CaptionSet
from pipeline.matching.comparison import load_noise_study_params, run_params
from pipeline.matching.evaluation import judge_correspondence, judge_retrieval
from pipeline.matching.params import load_matching_params
from pipeline.matching.runs import load_data, train_members
from stages import run
from stages.matching import paths as matching
from stages.noise_study import paths


def main() -> None:
    loss, rate, seed = sys.argv[1], float(sys.argv[2]), int(sys.argv[3])
    # Runs stand beside each other on the cores, and what a run finds does not depend on how many.
    torch.set_num_threads(1)
    params = run_params(load_matching_params(), load_noise_study_params(), loss, rate, seed)
    captions = CaptionSet.read(matching.PAIRS).with_noise(params.noise)
    data = load_data(captions, params, matching.WORDS, paths.REGIONS)
    name = "-".join(sys.argv[1:4])
    checkpoints = paths.CHECKPOINTS / name
    trained = train_members(data, params, checkpoints, lambda epoch, figures: None)
    figures = judge_retrieval(trained.models, data.splits["test"], fold=0)
    figures |= judge_correspondence(trained.correspondence, captions.wrong)
    found = {"loss": loss, "rate": rate, "seed": seed, **figures}
    with whole_file(paths.RUNS / f"{name}.json") as temporary:
        temporary.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for path in checkpoints.glob("*"):  # so that the next run begins anew
        path.unlink()


if __name__ == "__main__":
    run(main)
