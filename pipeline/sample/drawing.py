"""Draws the pairs of the sample corpus in parallel processes."""

import io
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from random import Random
from typing import Any

from pipeline.cores import core_count
from pipeline.sample.pairs import Pair, Plan, make_pair, plan_pairs
from pipeline.sample.scenes import Scene
from pipeline.sample.tweets import Mention
from pipeline.workers import end_with_parent

_MIN_PAIRS_PER_PROCESS = 50
_MAX_PROCESSES = 16


@dataclass(frozen=True)
class Job:
    """A pair to draw; seed, split and id together seed the random numbers."""

    seed: int
    pair_id: str
    split: str
    plan: Plan


@dataclass(frozen=True)
class DrawnPair:
    """A pair as written: text, PNG file, and the line of truth.jsonl."""

    text: str
    image: bytes
    facts: dict[str, Any]


def plan_jobs(splits: Mapping[str, tuple[int, int]]) -> list[Job]:
    """The jobs of all splits, numbered throughout; splits: seed and number of pairs of each."""
    plans = [
        (seed, split, plan)
        for split, (seed, count) in splits.items()
        for plan in plan_pairs(Random(f"{seed}/{split}"), count)
    ]
    return [
        Job(seed, f"s{number:05d}", split, plan)
        for number, (seed, split, plan) in enumerate(plans, start=1)
    ]


def draw_pairs(jobs: Sequence[Job], processes: int | None = None) -> Iterator[DrawnPair]:
    """The pairs of the jobs, in order; by default in all cores. `processes` changes no byte."""
    if processes is None:
        processes = min(core_count(), len(jobs) // _MIN_PAIRS_PER_PROCESS, _MAX_PROCESSES)
    if processes < 2:
        yield from map(draw_pair, jobs)
        return
    spawn = get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, end_with_parent) as pool:
        yield from pool.map(draw_pair, jobs, chunksize=8)


def draw_pair(job: Job, used_texts: Set[str] = frozenset()) -> DrawnPair:
    """One pair, with a text that is not in `used_texts`."""
    rng = Random(f"{job.seed}/{job.split}/{job.pair_id}")
    pair = make_pair(rng, job.split, job.plan, used_texts)
    buffer = io.BytesIO()
    pair.image.save(buffer, "PNG")
    return DrawnPair(pair.tweet.text, buffer.getvalue(), _facts(job.pair_id, job.split, pair))


def with_distinct_texts(jobs: Iterable[Job], drawn: Iterable[DrawnPair]) -> Iterator[DrawnPair]:
    """The drawn pairs; one whose text an earlier pair has is drawn again."""
    used_texts: set[str] = set()
    for job, pair in zip(jobs, drawn, strict=True):
        if pair.text in used_texts:
            pair = draw_pair(job, used_texts)
        used_texts.add(pair.text)
        yield pair


def _facts(pair_id: str, split: str, pair: Pair) -> dict[str, Any]:
    return {
        "id": pair_id,
        "split": split,
        "label": pair.plan.label,
        "style": pair.plan.style,
        "image": f"{pair_id}.png",
        "text": pair.tweet.text,
        **_scene_facts(pair.scene, pair.text_scene),
        "mentions": [_mention(mention, pair.scene) for mention in pair.tweet.mentions],
        "captions": pair.captions,
        "keywords": pair.keywords,
    }


def _scene_facts(scene: Scene, text_scene: Scene) -> dict[str, Any]:
    return {
        "theme": scene.theme,
        "mood": scene.mood,
        "text_theme": text_scene.theme,
        "text_mood": text_scene.mood,
        "objects": [
            {"kind": item.object_type, "color": item.color, "box": list(item.box)}
            for item in scene.objects
        ],
    }


def _mention(mention: Mention, scene: Scene) -> dict[str, Any]:
    types = [item.object_type for item in scene.objects]
    return {
        "word": mention.word,
        "start": mention.start,
        "end": mention.end,
        "kind": mention.object_type,
        "objects": [i for i, name in enumerate(types) if name == mention.object_type],
    }
