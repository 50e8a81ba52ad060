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
_MOST = 2**63


def read_images(path: Path, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """The list `images` of a `dataset.json`, each with a known split and these fields.

    fields: among them `filename`, a text, and `imgid`, a whole number.

    Raises:
        UserError: the file is missing or of another format.
    """
    text = read_text(path, "utf-8")
    try:
        raw = json.loads(text)
    except (ValueError, RecursionError):  # numbers of 5,000 digits are a ValueError too
        raw = None
    images = raw.get("images") if isinstance(raw, dict) else None
    if not isinstance(images, list) or not all(isinstance(image, dict) for image in images):
        raise UserError(f"{path} is not a JSON object with a list `images` of objects")
    faults = [
        f"image {number}: {json.dumps(image)[:80]}"
        for number, image in enumerate(images)
        if not _is_image(image, fields)
    ]
    stop_if_any(f"{path}: images without split, {', '.join(fields)}", faults)
    return images


def _is_image(image: dict[str, Any], fields: tuple[str, ...]) -> bool:
    split, number = image.get("split"), image.get("imgid")
    is_known = isinstance(split, str) and split in SPLITS and image.keys() >= {*fields}
    is_number = type(number) is int and abs(number) < _MOST
    return is_known and is_number and isinstance(image.get("filename"), str)
