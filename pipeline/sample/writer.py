"""Writes the sample corpus: tables, images, and the ground truth."""

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from tqdm import tqdm

from pipeline.files import whole_file
from pipeline.sample.drawing import draw_pairs, plan_jobs, with_distinct_texts

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest of the zip format, so that runs are reproducible


def write_sample_corpus(
    folder: Path, seed: int, train: int, dev: int, test: int, test_seed: int | None = None
) -> None:
    """Draw the corpus into `folder`: {train,dev,test}_data.csv, posts.csv, image.zip, truth.jsonl.

    The same arguments give the same bytes. `test` and `test_seed` (by default `seed`) change the
    test pairs only.

    posts.csv has the captions of the train images, a row each, to pretrain on.

    truth.jsonl has one object per pair, in the order of the tables: the visible `objects` with the
    boxes of their visible parts, x1 y1 x2 y2 in pixels; the `mentions` of the text,
    text[start:end], with the numbers of the objects they name, none if these are not in the image;
    themes, moods, captions and keywords.
    """
    test_seed = seed if test_seed is None else test_seed
    jobs = plan_jobs({"train": (seed, train), "dev": (seed, dev), "test": (test_seed, test)})
    pairs = with_distinct_texts(jobs, draw_pairs(jobs))
    facts = []
    with (
        whole_file(folder / "image.zip") as images,
        ZipFile(images, "w", ZIP_STORED) as archive,
        whole_file(folder / "truth.jsonl") as lines,
        lines.open("w", encoding="utf-8", newline="\n") as truth,
    ):
        for pair in tqdm(pairs, total=len(jobs), desc="drawing scenes", unit="pair"):
            _write_image(archive, pair.facts["image"], pair.image)
            truth.write(json.dumps(pair.facts, ensure_ascii=False) + "\n")
            facts.append(pair.facts)
    _write_tables(folder, facts)


def _write_tables(folder: Path, facts: Sequence[Mapping[str, Any]]) -> None:
    for split in ("train", "dev", "test"):
        pairs = [pair for pair in facts if pair["split"] == split]
        _write_table(folder / f"{split}_data.csv", ("id", "image", "text", "label"), pairs)
    posts = [
        {"image": pair["image"], "text": caption}
        for pair in facts
        if pair["split"] == "train"
        for caption in pair["captions"]
    ]
    _write_table(folder / "posts.csv", ("image", "text"), posts)


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> None:
    with whole_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, columns, extrasaction="ignore", lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def _write_image(archive: ZipFile, name: str, data: bytes) -> None:
    member = ZipInfo(name, _EPOCH)
    member.create_system = 3  # Unix, whatever the machine is
    member.external_attr = 0o644 << 16
    archive.writestr(member, data)
