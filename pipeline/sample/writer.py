"""Writes the sample corpus: tables, images, and the ground truth."""

import csv
import json
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from tqdm import tqdm

from pipeline.sample.drawing import draw_pairs, plan_jobs, with_distinct_texts

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest of the zip format, so that runs are reproducible


def write_sample_corpus(
    folder: Path, seed: int, train: int, dev: int, test: int, test_seed: int | None = None
) -> None:
    """Draw the corpus into `folder`: {train,dev,test}_data.csv, image.zip and truth.jsonl.

    The same arguments give the same bytes. `test` and `test_seed` (by default `seed`) change the
    test pairs only.

    truth.jsonl has one object per pair, in the order of the tables: the visible `objects` with the
    boxes of their visible parts, x1 y1 x2 y2 in pixels; the `mentions` of the text,
    text[start:end], with the numbers of the objects they name, none if these are not in the image;
    themes, moods, captions and keywords.
    """
    folder.mkdir(parents=True, exist_ok=True)
    test_seed = seed if test_seed is None else test_seed
    jobs = plan_jobs({"train": (seed, train), "dev": (seed, dev), "test": (test_seed, test)})
    pairs = with_distinct_texts(jobs, draw_pairs(jobs))
    rows: dict[str, list[list[str]]] = {"train": [], "dev": [], "test": []}
    with (
        ZipFile(folder / "image.zip", "w", ZIP_STORED) as archive,
        (folder / "truth.jsonl").open("w", encoding="utf-8", newline="\n") as truth,
    ):
        progress = tqdm(pairs, total=len(jobs), desc="drawing scenes", unit="pair")
        for job, pair in zip(jobs, progress, strict=True):
            _write_image(archive, f"{job.pair_id}.png", pair.image)
            truth.write(json.dumps(pair.facts, ensure_ascii=False) + "\n")
            rows[job.split].append([job.pair_id, f"{job.pair_id}.png", pair.text, job.plan.label])
    for split, table in rows.items():
        _write_table(folder / f"{split}_data.csv", table)


def _write_table(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["id", "image", "text", "label"])
        table.writerows(rows)


def _write_image(archive: ZipFile, name: str, data: bytes) -> None:
    member = ZipInfo(name, _EPOCH)
    member.create_system = 3  # Unix, whatever the machine is
    member.external_attr = 0o644 << 16
    archive.writestr(member, data)
