"""Named sets of values for a parameter file, by dotted key."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.params.base import PARAMS_FILE
from pipeline.params.matching import PARAMS_FILE as MATCHING_FILE

# What the paper leaves open stays as params.yaml has it.
PAPER: dict[str, Any] = {
    "model.pretrained": "none",
    "model.hidden": 1024,
    "model.vote_norm": "none",
    "association.product": False,
    "alignment.summary": False,
    "train.encoder_rate": 1.0,
    "train.frozen_epochs": 0,
}
PRESETS: dict[str, dict[str, Any]] = {
    "paper": PAPER,
    # Begins with the encoders that come with the project, and adds what tells how well they agree.
    "pretrained": {
        "model.pretrained": "flickr8k",
        "model.hidden": 512,
        "model.vote_norm": "batch",
        "association.product": True,
        "alignment.summary": True,
        "train.encoder_rate": 0.1,
        "train.frozen_epochs": 3,
    },
}

# What CRCL's published code has for every corpus. An index of noise and a vocabulary are files that
# the user may have; these draw and count instead.
_CRCL: dict[str, Any] = {
    "corpus.kind": "precomp",
    "corpus.test_files": "test",
    "corpus.noisy": False,
    "corpus.min_count": 4,
    "corpus.tokenizer": "nltk",
    "noise.protocol": "ncr",
    "text.words": "trained",
    "text.width": 300,
    "model.name": "sgraf",
    "model.width": 1024,
    "model.similarity_width": 256,
    "model.graph_steps": 3,
    "model.smooth": 9.0,
    "model.dropout": 0.4,
    "model.attention_start": "xavier",
    "loss.name": "active_complementary",
    "loss.temperature": 0.05,
    "loss.weight": 5.0,
    "loss.tangent": True,
    "correction.warm_up": 2,
    "correction.momentum": 0.8,
    "correction.threshold": 0.1,
    "train.batch_size": 128,
    "train.lr": 0.0005,
    "train.clip_norm": 2.0,
    "train.drop_words": 0.2,
    "train.drop_regions": 0.2,
    "train.dropped_regions": "filled",
    "evaluate.fold": 0,
}
# The script sets F30K's stages and rate. It has the other stages in comments, without a name.
MATCHING: dict[str, dict[str, Any]] = {
    "f30k": _CRCL
    | {
        "corpus.folder": "data/f30k_precomp",
        "noise.rate": 0.8,
        "train.stages": [5, 5, 5, 30],
        "train.decay_every": 15,
    },
    "coco": _CRCL
    | {
        "corpus.folder": "data/coco_precomp",
        "corpus.test_files": "testall",
        "noise.rate": 0.2,
        "train.stages": [2, 2, 2, 20],
        "train.decay_every": 10,
        "evaluate.fold": 1000,
    },
    "cc152k": _CRCL
    | {
        "corpus.folder": "data/cc152k_precomp",
        "corpus.noisy": True,
        "noise.rate": 0.0,
        "train.stages": [5, 5, 5, 40],
        "train.decay_every": 15,
    },
}


@dataclass(frozen=True)
class Preset:
    """Values, and the file of parameters that they are for."""

    file: Path
    values: dict[str, Any]


def find_preset(name: str) -> Preset:
    """One of those of either table by its name."""
    if name in PRESETS:
        return Preset(PARAMS_FILE, PRESETS[name])
    return Preset(MATCHING_FILE, MATCHING[name])
