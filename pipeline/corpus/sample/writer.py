"""The sample corpus on disk: tables, pictures, and what is known about them."""

import csv
import io
import json
from pathlib import Path
from random import Random
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

from PIL import Image
from tqdm import tqdm

from pipeline.corpus.sample.pairs import Pair, make_pair, plan_pairs

_EPOCH = (1980, 1, 1, 0, 0, 0)  # the zip format's first moment: no run leaves its own time


def write_sample_corpus(folder: Path, seed: int, train: int, dev: int, test: int) -> None:
    """Draw the corpus into `folder`: {train,dev,test}_data.csv, image.zip and truth.jsonl.

    The same arguments give the same bytes. truth.jsonl has one object per pair, in the order of
    the tables: what is seen (`objects`, with the box of what is visible of each, x1 y1 x2 y2 in
    pixels), what the text names (`mentions`: text[start:end], and the numbers of the objects it
    names, none if they are not in the picture), themes, moods, captions and keywords.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts = {"train": train, "dev": dev, "test": test}
    used_texts: set[str] = set()
    number = 0
    with (
        ZipFile(folder / "image.zip", "w", ZIP_STORED) as archive,
        (folder / "truth.jsonl").open("w", encoding="utf-8", newline="\n") as truth,
        tqdm(total=sum(counts.values()), desc="drawing scenes", unit="pair") as progress,
    ):
        for split, count in counts.items():
            rows = []
            for plan in plan_pairs(Random(f"{seed}/{split}"), count):
                number += 1
                pair_id = f"s{number:05d}"
                pair = make_pair(Random(f"{seed}/{split}/{pair_id}"), split, plan, used_texts)
                used_texts.add(pair.tweet.text)
                _write_image(archive, f"{pair_id}.png", pair.image)
                truth.write(json.dumps(_facts(pair_id, split, pair), ensure_ascii=False) + "\n")
                rows.append([pair_id, f"{pair_id}.png", pair.tweet.text, plan.label])
                progress.update()
            _write_table(folder / f"{split}_data.csv", rows)


def _write_table(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(["id", "image", "text", "label"])
        table.writerows(rows)


def _write_image(archive: ZipFile, name: str, image: Image.Image) -> None:
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    member = ZipInfo(name, _EPOCH)
    member.create_system = 3  # Unix, whatever the machine is
    member.external_attr = 0o644 << 16
    archive.writestr(member, buffer.getvalue())


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
