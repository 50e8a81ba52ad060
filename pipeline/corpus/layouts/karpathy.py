"""The splits of Karpathy and Fei-Fei (CVPR 2015) for MS-COCO and Flickr30K: one `dataset.json`."""

import json
from pathlib import Path
from typing import Any

from pipeline.core.text_files import read_text
from pipeline.corpus.layouts.flickr8k import LABEL
from pipeline.corpus.layouts.pairs import Pair
from pipeline.errors import UserError
from pipeline.faults import stop_if_any
from pipeline.params.project import CorpusParams

FILE = "dataset.json"
# `restval` is the rest of COCO's validation set, which is used for training as well.
_SPLITS = {"train": "train", "restval": "train", "val": "dev", "test": "test"}


def read(corpus: CorpusParams) -> list[Pair]:
    """A pair per caption, all of label `match`: train, dev, test, each in the file's order.

    Raises:
        UserError: the file is missing or of another format.
    """
    images = read_images(Path(corpus.path) / FILE, ("filename", "imgid", "sentences"))
    pairs = [
        Pair(
            f"{image['imgid']}#{number}",
            _SPLITS[image["split"]],
            LABEL,
            image["filename"],
            sentence["raw"].strip(),
            f"{FILE} imgid {image['imgid']}",
        )
        for image in images
        for number, sentence in enumerate(image["sentences"])
    ]
    order = list(_SPLITS.values())
    return sorted(pairs, key=lambda pair: order.index(pair.split))


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
            if image.get("split") not in _SPLITS or not image.keys() >= {*fields}
        ]
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path} is not a JSON object with a list `images` of objects") from None
    stop_if_any(f"{path}: images without split, {', '.join(fields)}", faults)
    return images
