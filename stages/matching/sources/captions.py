"""Collect the captions that a drawn corpus has, with the digest of its features."""

from pathlib import Path

from pipeline.matching.captions.captions import Collected
from pipeline.matching.captions.vocabulary import tokenizer_of
from pipeline.matching.sources.corpus import read_truth_captions, region_digests
from pipeline.params.matching import load_matching_params
from stages import run
from stages.matching import paths


def main() -> None:
    corpus = load_matching_params().corpus
    splits = read_truth_captions(Path(corpus.folder), tokenizer_of(corpus))
    Collected(splits, region_digests()).write(paths.SOURCES / "captions")


if __name__ == "__main__":
    run(main)
