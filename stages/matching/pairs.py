"""Build the vocabulary of the collected captions, and pair some of them wrongly."""

from pipeline.matching.captions.captions import CaptionSet, Collected
from pipeline.params.matching import load_matching_params
from stages import run
from stages.matching import paths


def main() -> None:
    params = load_matching_params()
    collected = Collected.read(paths.SOURCES / params.corpus.kind)
    captions = CaptionSet.of(collected, params.corpus, params.noise)
    captions.write(paths.PAIRS, params.noise)
    for name, split in captions.splits.items():
        print(f"{name}: {len(split.ids):,} captions of {len(split.images):,} images")
    print(f"{captions.wrong.sum():,} train captions are paired with a wrong image")


if __name__ == "__main__":
    run(main)
