"""Train the similarity models on cached features; an interrupted run resumes."""

from functools import partial
from shutil import rmtree

from pipeline.core.device import resolve_device
from pipeline.matching.captions.captions import CaptionSet
from pipeline.matching.data.data import MatchingData
from pipeline.matching.training.training import train_members
from pipeline.params.matching import MatchingParams, load_matching_params
from pipeline.params.project import load_params
from pipeline.processes import ProcessGroup, train_in
from pipeline.training.curves import training_curves
from stages import run
from stages.matching import paths


def main() -> None:
    params, processes = load_matching_params(), load_params().compute.training_processes
    device = resolve_device(params.train.device)
    train_in(processes, "stages.matching.train", device, partial(train, params))


def train(params: MatchingParams, group: ProcessGroup) -> None:
    data = MatchingData.load(CaptionSet.read(paths.PAIRS), params, paths.WORDS)
    with training_curves(paths.CURVES, group.is_first) as log:
        trained = train_members(data, params, log, paths.CHECKPOINTS, group)
    if group.is_first:
        trained.save(paths.MODELS)
        rmtree(paths.CHECKPOINTS)  # so that the next run starts afresh
        for name, member in trained.members.items():
            print(f"{name}: rSum {member.dev_rsum:.1f} on dev")


if __name__ == "__main__":
    run(main)
