"""Peak memory of the keyword arrays of a tree in Clickture's layout, with few and many images.

The files of a million images are hard links to a thousand, to save space.

python -m tests.benchmarks.keyword_memory [--images 100000 1000000]
"""

import json
import multiprocessing
import os
import resource
from argparse import ArgumentParser
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from pipeline.search.features.keywords import fit_vocabulary, write_keyword_arrays
from pipeline.search.mining.keyword_files import given_keywords
from tests.benchmarks.measuring import Ratio, report

FILES, WORDS, PER_IMAGE, PER_FOLDER = 1000, 5000, 20, 1000


def main() -> None:
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--images", type=int, nargs=2, default=[100_000, 1_000_000])
    few, many = parser.parse_args().images
    peaks, records = {}, {}
    for count in (few, many):
        with TemporaryDirectory() as name:
            write_tree(Path(name), count)
            peaks[count] = peak(Path(name))
            records[count] = (Path(name) / "out" / "records.npy").stat().st_size // 1000
    report(
        "keyword_memory",
        f"growth of peak memory from {few:,} to {many:,} images against that of their records",
        Ratio.of([peaks[many] - peaks[few]], [records[many] - records[few]]),
        "at most 1",
        **{f"megabytes_{count}": round(value / 1000) for count, value in peaks.items()},
        **{f"megabytes_records_{count}": round(value / 1000) for count, value in records.items()},
    )


def write_tree(folder: Path, count: int) -> None:
    """The list of `lite` and its keyword files."""
    rng = np.random.default_rng(0)
    tree = folder / "keyword" / "keywords_lite"
    (tree / "files").mkdir(parents=True)
    for number in range(FILES):
        words = [f"word{i}" for i in rng.integers(WORDS, size=PER_IMAGE)]
        text = json.dumps({"tagging": {"keywords": words}})
        (tree / "files" / f"{number}.json").write_text(text)
    entries = [f"{i // PER_FOLDER:04d}/{i:08d}" for i in rng.permutation(count)]
    for place in range(-(-count // PER_FOLDER)):
        (tree / f"{place:04d}").mkdir()
    for number, entry in enumerate(entries):
        os.link(tree / "files" / f"{number % FILES}.json", tree / f"{entry}.json")
    (folder / "clickture-lite.lst").write_text("\n".join(entries) + "\n")


def peak(folder: Path) -> int:
    """Peak memory of a fresh process, in kilobytes."""
    fresh = multiprocessing.get_context("spawn")
    with fresh.Pool(1) as pool:
        return pool.apply(_write, (folder,))


def _write(folder: Path) -> int:
    (images,) = given_keywords(folder, "clicks")
    vocabulary = fit_vocabulary(images.documents(["train"]), min_df=6)
    write_keyword_arrays(folder / "out", images.images("id"), vocabulary, False)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
