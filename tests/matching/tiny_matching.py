"""Precomputed folders and captions that a small model learns in seconds."""

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.matching.captions.captions import CaptionSet
from pipeline.matching.captions.vocabulary import tokenizer_of
from pipeline.matching.sources.precomp import read_precomp
from pipeline.params.matching import MatchingParams, load_matching_params
from tests.tiny import ROOT

KINDS = [
    "dog",
    "cat",
    "car",
    "tree",
    "boat",
    "bird",
    "house",
    "horse",
    "ball",
    "lamp",
    "bus",
    "cow",
]
K, D_R = 3, len(KINDS)
SIZES = {"train": 240, "dev": 30, "test": 30}
SMALL = {
    "corpus.kind": "precomp",
    "corpus.min_count": 1,
    "text.width": 8,
    "model.width": 16,
    "model.similarity_width": 8,
    "model.dropout": 0.0,
    "train.stages": [1, 2],
    "train.batch_size": 32,
    "train.lr": 0.01,
    "train.device": "cpu",
    "correction.warm_up": 1,
}


def matching_params(changes: dict[str, Any] | None = None) -> MatchingParams:
    """stages/matching/params.yaml with small sizes, and `changes` by dotted key."""
    values = load_matching_params(ROOT / "stages/matching/params.yaml").model_dump()
    for key, value in {**SMALL, **(changes or {})}.items():
        section, name = key.split(".")
        assert name in values[section]
        values[section][name] = value
    return MatchingParams.model_validate(values)


def collect_captions(params: MatchingParams) -> CaptionSet:
    """What the stages `precomp` and `pairs` find in the folder that the parameters name."""
    corpus = params.corpus
    collected = read_precomp(Path(corpus.folder), corpus.test_files, tokenizer_of(corpus))
    return CaptionSet.of(collected, params.corpus, params.noise)


def write_precomp(folder: Path, per_image: int = 1) -> Path:
    """A folder as SCAN's: images of three things each, and captions that name them."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for split, images in SIZES.items():
        things = np.stack([rng.permutation(len(KINDS))[:K] for _ in range(images)])
        regions = rng.normal(scale=0.1, size=(images, K, D_R))
        for place in range(K):
            regions[np.arange(images), place, things[:, place]] += 1
        np.save(folder / f"{split}_ims.npy", regions.astype(np.float32))
        captions = [
            f"A {KINDS[a]} , a {KINDS[b]} and a {KINDS[c]} , number {i}"
            for a, b, c in things
            for i in range(per_image)
        ]
        (folder / f"{split}_caps.txt").write_text("\n".join(captions) + "\n")
        (folder / f"{split}_ids.txt").write_text("\n".join(map(str, range(images))) + "\n")
    return folder
