"""Reading of `dataset.json`, in which Karpathy and Fei-Fei (CVPR 2015) split their corpora."""

import json
from pathlib import Path
from typing import Any

from pipeline.core.text_files import read_text
from pipeline.errors import UserError
from pipeline.faults import stop_if_any

FILE = "dataset.json"
# `restval` is the rest of COCO's validation set, which is used for training as well.
SPLITS = {"train": "train", "restval": "train", "val": "dev", "test": "test"}


def read_images(path: Path, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """The list `images` of a `dataset.json`, each with a known split and these fields.

    Raises:
        UserError: the file is missing or of another format.
    """
    try:
        images: list[dict[str, Any]] = json.loads(read_text(path, "utf-8"))["images"]
        faults = [
            f"image {number}: {json.dumps(image)[:80]}"
            for number, image in enumerate(images)
            if image.get("split") not in SPLITS or not image.keys() >= {*fields}
        ]
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path} is not a JSON object with a list `images` of objects") from None
    stop_if_any(f"{path}: images without split, {', '.join(fields)}", faults)
    return images
