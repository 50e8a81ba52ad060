"""Collect captions and their images, build the vocabulary, add noise."""

from pipeline.matching.sources.sources import collect_captions
from pipeline.params.matching import load_matching_params
from stages import run
from stages.matching import paths


def main() -> None:
    params = load_matching_params()
    captions = collect_captions(params)
    captions.write(paths.PAIRS, params.noise)
    for name, split in captions.splits.items():
        print(f"{name}: {len(split.ids):,} captions of {len(split.images):,} images")
    print(f"{captions.wrong.sum():,} train captions are paired with a wrong image")


if __name__ == "__main__":
    run(main)
