"""One corpus in every layout that its folder is found in: the same images, captions and metrics."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from pipeline.matching.data.data import MatchingData
from pipeline.matching.data.evaluation import evaluate_retrieval
from pipeline.matching.data.models import new_model
from pipeline.matching.sources.precomp import describe, read_precomp
from pipeline.params.matching import MatchingParams
from tests.matching.tiny_matching import SIZES, collect_captions, matching_params, write_precomp


def lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def write_lines(path: Path, values: list[str]) -> None:
    path.write_text("\n".join(values) + "\n")


def without_ids(folder: Path) -> None:
    for split in SIZES:
        (folder / f"{split}_ids.txt").unlink()


def ids_per_caption(folder: Path) -> None:
    for split in SIZES:
        ids = folder / f"{split}_ids.txt"
        write_lines(ids, [name for name in lines(ids) for _ in range(5)])


def row_per_caption(folder: Path) -> None:
    for split in SIZES:
        regions = np.load(folder / f"{split}_ims.npy")
        np.save(folder / f"{split}_ims.npy", np.repeat(regions, 5, axis=0))


def row_per_caption_without_ids(folder: Path) -> None:
    row_per_caption(folder)
    without_ids(folder)


def row_and_id_per_caption(folder: Path) -> None:
    row_per_caption(folder)
    ids_per_caption(folder)


def half_precision(folder: Path) -> None:
    for split in SIZES:
        regions = np.load(folder / f"{split}_ims.npy")
        np.save(folder / f"{split}_ims.npy", regions.astype(np.float16))


def half_precision_row_per_caption(folder: Path) -> None:
    half_precision(folder)
    row_per_caption(folder)


def tables(folder: Path) -> None:
    for split in SIZES:
        captions = folder / f"{split}_caps.txt"
        rows = [f"{i // 5}\t{text}" for i, text in enumerate(lines(captions))]
        write_lines(folder / f"{split}_caps.tsv", rows)
        captions.unlink()


def windows_line_ends(folder: Path) -> None:
    for split in SIZES:
        captions = folder / f"{split}_caps.txt"
        captions.write_bytes("\r\n".join(lines(captions)).encode())


def named_testall(folder: Path) -> None:
    for path in folder.glob("test_*"):
        path.rename(folder / path.name.replace("test_", "testall_"))


LAYOUTS = (
    without_ids,
    ids_per_caption,
    row_per_caption,
    row_per_caption_without_ids,
    row_and_id_per_caption,
    half_precision,
    half_precision_row_per_caption,
    tables,
    windows_line_ends,
    named_testall,
)


def written(folder: Path) -> Path:
    """Five captions per image, and values that float16 holds exactly."""
    write_precomp(folder, per_image=5)
    for split in SIZES:
        regions = np.load(folder / f"{split}_ims.npy").astype(np.float16).astype(np.float32)
        np.save(folder / f"{split}_ims.npy", regions)
    return folder


def metrics(params: MatchingParams) -> dict[str, float]:
    data = MatchingData.load(collect_captions(params), params, Path("words"))
    torch.manual_seed(0)
    model = new_model("saf", data, params.model, params.text.width)
    return evaluate_retrieval([model], data.splits["test"], 0)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.__name__)
def test_every_layout_is_the_same_corpus(tmp_path: Path, layout: Callable[[Path], None]) -> None:
    usual, other = written(tmp_path / "usual"), written(tmp_path / "other")
    layout(other)
    files = "testall" if layout is named_testall else "test"
    params = [
        matching_params({"corpus.folder": str(folder), "corpus.test_files": name})
        for folder, name in ((usual, "test"), (other, files))
    ]
    expected, found = (collect_captions(each) for each in params)
    for split in SIZES:
        mine, theirs = expected.splits[split], found.splits[split]
        assert theirs.image.tolist() == mine.image.tolist()
        assert theirs.words == mine.words
        assert len(theirs.images) == len(mine.images) == SIZES[split]
    assert found.vocabulary == expected.vocabulary
    assert (found.given == expected.given).all()
    assert metrics(params[1]) == metrics(params[0])


def test_says_what_was_understood(tmp_path: Path) -> None:
    folder = written(tmp_path)
    row_per_caption(folder)
    dev = read_precomp(folder, "test").splits["dev"]
    assert describe(folder, "dev", dev) == "dev: 30 images, 5 captions each, from 150 rows"


def test_a_caption_per_image_stays_so(tmp_path: Path) -> None:
    """As in CC152K, where nothing repeats."""
    folder = write_precomp(tmp_path)
    train = read_precomp(folder, "test").splits["train"]
    assert train.image.tolist() == list(range(SIZES["train"]))
    assert describe(folder, "train", train) == "train: 240 images, 1 caption each, from 240 rows"


def test_one_group_of_five_that_differs_is_no_repetition(tmp_path: Path) -> None:
    folder = written(tmp_path)
    row_per_caption_without_ids(folder)
    regions = np.load(folder / "train_ims.npy")
    regions[-1, -1, -1] += 1
    np.save(folder / "train_ims.npy", regions)
    train = read_precomp(folder, "test").splits["train"]
    assert len(train.images) == 5 * SIZES["train"]
