"""Train the similarity models on cached features; an interrupted run goes on where it was."""

from pipeline.matching.captions import CaptionSet
from pipeline.matching.params import load_matching_params
from pipeline.matching.runs import load_data, train_members
from pipeline.training.curves import training_curves
from stages import run
from stages.matching import paths


def main() -> None:
    params = load_matching_params()
    data = load_data(CaptionSet.read(paths.PAIRS), params, paths.WORDS)
    with training_curves(paths.CURVES) as log:
        trained = train_members(data, params, paths.CHECKPOINTS, log)
    trained.save(paths.MODELS)
    for path in paths.CHECKPOINTS.glob("*"):  # so that the next run of the stage begins anew
        path.unlink()
    for name, member in trained.members.items():
        print(f"{name}: rSum {member.dev_rsum:.1f} on dev")


if __name__ == "__main__":
    run(main)
