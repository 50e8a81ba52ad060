"""The splits of Karpathy and Fei-Fei (CVPR 2015) for MS-COCO and Flickr30K: one `dataset.json`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.core.text_files import without_surrogates
from pipeline.corpus.layouts.flickr8k import LABEL
from pipeline.corpus.pairs import Pair
from pipeline.corpus.tables.karpathy import FILE, SPLITS, read_images
from pipeline.faults import stop_if_any
from pipeline.params.project import CorpusParams


def read(corpus: CorpusParams) -> list[Pair]:
    """A pair per caption, all of label `match`: train, dev, test, each in the file's order.

    Raises:
        UserError: the file is missing or of another format.
    """
    path = Path(corpus.path) / FILE
    images = read_images(path, ("filename", "imgid", "sentences"))
    faults = (f"imgid {image['imgid']}" for image in images if not _has_captions(image))
    stop_if_any(f"{path}: images whose sentences are not a list of objects with a text raw", faults)
    pairs = [
        Pair(
            f"{image['imgid']}#{number}",
            SPLITS[image["split"]],
            LABEL,
            without_surrogates(image["filename"]),
            without_surrogates(sentence["raw"]).strip(),
            f"{FILE} imgid {image['imgid']}",
        )
        for image in images
        for number, sentence in enumerate(image["sentences"])
    ]
    order = list(SPLITS.values())
    return sorted(pairs, key=lambda pair: order.index(pair.split))


def _has_captions(image: Mapping[str, Any]) -> bool:
    sentences = image["sentences"]
    return isinstance(sentences, list) and all(
        isinstance(each, dict) and isinstance(each.get("raw"), str) for each in sentences
    )
