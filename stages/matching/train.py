"""Train the similarity models on cached features; an interrupted run resumes."""

from shutil import rmtree

from pipeline.matching.captions.captions import CaptionSet
from pipeline.matching.data.data import MatchingData
from pipeline.matching.training.training import train_members
from pipeline.params.matching import load_matching_params
from pipeline.training.curves import training_curves
from stages import run
from stages.matching import paths


def main() -> None:
    params = load_matching_params()
    data = MatchingData.load(CaptionSet.read(paths.PAIRS), params, paths.WORDS)
    with training_curves(paths.CURVES) as log:
        trained = train_members(data, params, log, paths.CHECKPOINTS)
    trained.save(paths.MODELS)
    rmtree(paths.CHECKPOINTS)  # so that the next run starts afresh
    for name, member in trained.members.items():
        print(f"{name}: rSum {member.dev_rsum:.1f} on dev")


if __name__ == "__main__":
    run(main)
