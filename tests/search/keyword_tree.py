"""Corpora with keyword files in the layouts of Clickture and MS-COCO, drawn at random."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.feature_extraction.text import CountVectorizer

WORDS = ["dog", "cat", "Red Car", "the", "beach", "x", "snow-board", "tree", "sun set", "a dog"]


def draw_keywords(rng: np.random.Generator) -> list[str]:
    """Up to six keywords, among them stop words, several words in one, and none at all."""
    return [WORDS[i] for i in rng.integers(len(WORDS), size=rng.integers(7))]


def write_json(path: Path, keywords: list[str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"tagging": {"keywords": keywords}}))


def write_clickture(folder: Path, dev: int, lite: int, seed: int = 0) -> None:
    """Lists that are not sorted; those of lite name a folder too."""
    rng = np.random.default_rng(seed)
    lists = {
        "dev": [f"{i:08d}" for i in rng.permutation(dev)],
        "lite": [f"{i % 3}/{i:08d}" for i in rng.permutation(lite)],
    }
    for name, entries in lists.items():
        (folder / f"clickture-{name}.lst").write_text("\n".join(entries) + "\n")
        for entry in entries:
            path = folder / "keyword" / f"keywords_{name}" / f"{entry}.json"
            write_json(path, draw_keywords(rng))


def write_coco(folder: Path, images: int, seed: int = 0) -> None:
    """Of every four images, one each is of the splits val and restval, without keywords."""
    rng = np.random.default_rng(seed)
    splits = ["train", "val", "test", "restval"]
    ids = rng.permutation(images)
    images = [
        {"split": splits[i % 4], "filename": f"COCO_{i:012d}.jpg", "imgid": int(i)} for i in ids
    ]
    for image in images:
        if image["split"] in ("train", "test"):
            name = f"keyword_{image['split']}/{image['filename'][:-4]}.json"
            write_json(folder / "keyword" / "keywords_coco" / name, draw_keywords(rng))
    (folder / "keyword" / "keywords_coco" / "dataset.json").write_text(
        json.dumps({"images": images})
    )


def published_arrays(
    documents: Sequence[Sequence[str]], ids: Sequence[int], vectorizer: CountVectorizer
) -> tuple[np.ndarray, np.ndarray]:
    """Record array and range table, as the published scripts come to them."""
    analyze = vectorizer.build_analyzer()
    records = []
    for number, keywords in zip(ids, documents, strict=True):
        for word in analyze(" ".join(keywords)):
            if word in vectorizer.vocabulary_:
                records.append([number, vectorizer.vocabulary_[word]])
    table = -np.ones((max(record[0] for record in records) + 1, 2), int)
    current, first = 0, 0
    for row, (number, _) in enumerate(records):
        if number != current:
            table[current] = [first, row - 1]
            current, first = number, row
    table[current] = [first, len(records) - 1]
    return np.array(records), table
