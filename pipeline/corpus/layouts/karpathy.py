"""The splits of Karpathy and Fei-Fei (CVPR 2015) for MS-COCO and Flickr30K: one `dataset.json`."""

from pathlib import Path

from pipeline.corpus.layouts.flickr8k import LABEL
from pipeline.corpus.pairs import Pair
from pipeline.corpus.tables.karpathy import FILE, SPLITS, read_images
from pipeline.params.project import CorpusParams


def read(corpus: CorpusParams) -> list[Pair]:
    """A pair per caption, all of label `match`: train, dev, test, each in the file's order.

    Raises:
        UserError: the file is missing or of another format.
    """
    images = read_images(Path(corpus.path) / FILE, ("filename", "imgid", "sentences"))
    pairs = [
        Pair(
            f"{image['imgid']}#{number}",
            SPLITS[image["split"]],
            LABEL,
            image["filename"],
            sentence["raw"].strip(),
            f"{FILE} imgid {image['imgid']}",
        )
        for image in images
        for number, sentence in enumerate(image["sentences"])
    ]
    order = list(SPLITS.values())
    return sorted(pairs, key=lambda pair: order.index(pair.split))
