"""Collect the captions of a folder of precomputed features, with the digest of these."""

from pathlib import Path

from pipeline.matching.captions.vocabulary import tokenizer_of
from pipeline.matching.sources.precomp import describe, read_precomp
from pipeline.params.matching import load_matching_params
from stages import run
from stages.matching import paths


def main() -> None:
    corpus = load_matching_params().corpus
    folder = Path(corpus.folder)
    collected = read_precomp(folder, corpus.test_files, tokenizer_of(corpus))
    collected.write(paths.SOURCES / "precomp")
    for files, split in zip(
        ("train", "dev", corpus.test_files), collected.splits.values(), strict=True
    ):
        print(describe(folder, files, split))


if __name__ == "__main__":
    run(main)
