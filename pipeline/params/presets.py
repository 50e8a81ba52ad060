"""Named sets of values for params.yaml, by dotted key."""

from typing import Any

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
