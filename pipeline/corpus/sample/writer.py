"""The sample corpus on disk: tables, pictures, and what is known about them."""

import csv
import io
import json
import os
from collections.abc import Iterator, Set
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from tqdm import tqdm

from pipeline.corpus.sample.pairs import Pair, Plan, make_pair, plan_pairs

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's first moment: no run leaves its own time
_LEAST_SHARE = 50  # pairs that are worth another process
_MOST_PROCESSES = 16


@dataclass(frozen=True)
class _Job:
    pair_id: str
    split: str
    plan: Plan


@dataclass(frozen=True)
class _Drawn:
    """A pair as it is written: its text, its picture as a PNG file, its line of truth.jsonl."""

    text: str
    picture: bytes
    facts: dict[str, Any]


def write_sample_corpus(folder: Path, seed: int, train: int, dev: int, test: int) -> None:
    """Draw the corpus into `folder`: {train,dev,test}_data.csv, image.zip and truth.jsonl.

    The same arguments give the same bytes. truth.jsonl has one object per pair, in the order of
    the tables: what is seen (`objects`, with the box of what is visible of each, x1 y1 x2 y2 in
    pixels), what the text names (`mentions`: text[start:end], and the numbers of the objects it
    names, none if they are not in the picture), themes, moods, captions and keywords.
    """
    folder.mkdir(parents=True, exist_ok=True)
    jobs = list(_jobs(seed, {"train": train, "dev": dev, "test": test}))
    rows: dict[str, list[list[str]]] = {"train": [], "dev": [], "test": []}
    used_texts: set[str] = set()
    with (
        ZipFile(folder / "image.zip", "w", ZIP_STORED) as archive,
        (folder / "truth.jsonl").open("w", encoding="utf-8", newline="\n") as truth,
        tqdm(total=len(jobs), desc="drawing scenes", unit="pair") as progress,
    ):
        for job, drawn in zip(jobs, _draw_all(seed, jobs), strict=True):
            if drawn.text in used_texts:
                drawn = _draw(seed, job, used_texts)  # as if it had been known from the start
            used_texts.add(drawn.text)
            _write_picture(archive, f"{job.pair_id}.png", drawn.picture)
            truth.write(json.dumps(drawn.facts, ensure_ascii=False) + "\n")
            row = [job.pair_id, f"{job.pair_id}.png", drawn.text, job.plan.label]
            rows[job.split].append(row)
            progress.update()
    for split, table in rows.items():
        _write_table(folder / f"{split}_data.csv", table)


def _jobs(seed: int, counts: dict[str, int]) -> Iterator[_Job]:
    number = 0
    for split, count in counts.items():
        for plan in plan_pairs(Random(f"{seed}/{split}"), count):
            number += 1
            yield _Job(f"s{number:05d}", split, plan)


def _draw_all(seed: int, jobs: list[_Job]) -> Iterator[_Drawn]:
    """Every pair by itself, whatever texts the others have; in order, on all cores."""
    processes = min(os.cpu_count() or 1, len(jobs) // _LEAST_SHARE, _MOST_PROCESSES)
    if processes < 2:
        yield from map(partial(_draw, seed), jobs)
        return
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        yield from pool.map(partial(_draw, seed), jobs, chunksize=8)


def _draw(seed: int, job: _Job, used_texts: Set[str] = frozenset()) -> _Drawn:
    rng = Random(f"{seed}/{job.split}/{job.pair_id}")
    pair = make_pair(rng, job.split, job.plan, used_texts)
    picture = io.BytesIO()
    pair.image.save(picture, "PNG")
    return _Drawn(pair.tweet.text, picture.getvalue(), _facts(job.pair_id, job.split, pair))


def _write_table(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["id", "image", "text", "label"])
        table.writerows(rows)


def _write_picture(archive: ZipFile, name: str, picture: bytes) -> None:
    member = ZipInfo(name, _EPOCH)
    member.create_system = 3  # Unix, whatever the machine is
    member.external_attr = 0o644 << 16
    archive.writestr(member, picture)


def _facts(pair_id: str, split: str, pair: Pair) -> dict[str, Any]:
    scene = pair.scene
    return {
        "id": pair_id,
        "split": split,
        "label": pair.plan.label,
        "style": pair.plan.style,
        "image": f"{pair_id}.png",
        "text": pair.tweet.text,
        "theme": scene.theme,
        "mood": scene.mood,
        "text_theme": pair.text_scene.theme,
        "text_mood": pair.text_scene.mood,
        "objects": [
            {"kind": item.kind, "color": item.color, "box": list(item.box)}
            for item in scene.objects
        ],
        "mentions": [
            {
                "word": mention.word,
                "start": mention.start,
                "end": mention.end,
                "kind": mention.kind,
                "objects": [
                    index for index, item in enumerate(scene.objects) if item.kind == mention.kind
                ],
            }
            for mention in pair.tweet.mentions
        ],
        "captions": pair.captions,
        "keywords": pair.keywords,
    }
