"""Collect captions and their pictures, count words, draw wrong pairs."""

from pipeline.matching.collect import collect_captions
from pipeline.matching.params import load_matching_params
from stages import run
from stages.matching import paths


def main() -> None:
    params = load_matching_params()
    captions = collect_captions(params)
    captions.write(paths.PAIRS, params.noise)
    for name, split in captions.splits.items():
        print(f"{name}: {len(split.ids):,} captions of {len(split.images):,} pictures")
    print(f"{captions.wrong.sum():,} train captions are with a wrong picture")


if __name__ == "__main__":
    run(main)
