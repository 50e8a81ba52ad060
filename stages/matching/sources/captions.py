"""Collect the captions that a drawn corpus has, with the digest of its features."""

from pathlib import Path

from pipeline.matching.captions.captions import Collected
from pipeline.matching.sources.corpus import read_truth_captions, region_digests
from pipeline.params.matching import load_matching_params
from stages import run
from stages.matching import paths


def main() -> None:
    splits = read_truth_captions(Path(load_matching_params().corpus.folder))
    Collected(splits, region_digests()).write(paths.SOURCES / "captions")


if __name__ == "__main__":
    run(main)
