"""The splits of Karpathy and Fei-Fei (CVPR 2015) for MS-COCO and Flickr30K: one `dataset.json`."""

import json
from pathlib import Path
from typing import Any

from pipeline.corpus.faults import Faults
from pipeline.corpus.flickr8k import LABEL
from pipeline.corpus.pairs import Pair
from pipeline.corpus.text_files import read_text
from pipeline.errors import UserError
from pipeline.params import CorpusParams

FILE = "dataset.json"
# `restval` is what dev and test leave of COCO's validation set; models are trained on it as well.
_SPLITS = {"train": "train", "restval": "train", "val": "dev", "test": "test"}


def read_karpathy(corpus: CorpusParams) -> list[Pair]:
    """A pair per caption, all of label `match`: train, dev, test, each in the file's order.

    Raises:
        UserError: the file is missing or another one.
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
    """The list `images` of such a file, each with a known split and these fields.

    Raises:
        UserError: the file is missing or another one.
    """
    faults = Faults(f"{path}: images without split, {', '.join(fields)}")
    try:
        images = json.loads(read_text(path, "utf-8"))["images"]
        for number, image in enumerate(images):
            if image.get("split") not in _SPLITS or not image.keys() >= {*fields}:
                faults.add(f"image {number}: {json.dumps(image)[:80]}")
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path} is no JSON object with a list `images` of objects") from None
    faults.stop_if_more_than(0)
    found: list[dict[str, Any]] = images
    return found
