"""Pictures with sentences that describe them, in the layouts that such corpora are published in."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.corpus.faults import Faults
from pipeline.corpus.text_files import read_text
from pipeline.corpus.truth import TRUTH_FILE
from pipeline.errors import UserError

FLICKR8K_TOKENS = "Flickr8k.token.txt"
FLICKR8K_LISTS = {
    "train": "Flickr_8k.trainImages.txt",
    "dev": "Flickr_8k.devImages.txt",
    "test": "Flickr_8k.testImages.txt",
}
KARPATHY_FILE = "dataset.json"
# "restval" is what dev and test leave of COCO's validation set; models are trained on it as well.
KARPATHY_SPLITS = {"train": "train", "restval": "train", "val": "dev", "test": "test"}


@dataclass(frozen=True)
class CaptionedImage:
    """A picture's split (train | dev | test), its file's name, and its captions as they stand."""

    split: str
    image: str
    captions: tuple[str, ...]


def read_captions(corpus: Path, layout: str) -> list[CaptionedImage]:
    """All captioned pictures of a corpus, in the order of its files.

    Args:
        corpus: the folder that the files lie in.
        layout: sample, the drawn corpus; flickr8k, its token file and the three official lists of
            pictures; karpathy, the `dataset.json` of Karpathy and Fei-Fei's splits of Flickr30K
            and COCO.

    Raises:
        UserError: a file is missing, or a line or entry of it is not as the layout has it.
    """
    if layout not in _READERS:
        raise UserError(f"captions in layout {layout!r}; allowed: {', '.join(_READERS)}")
    return _READERS[layout](corpus)


def _read_flickr8k(corpus: Path) -> list[CaptionedImage]:
    captions = _flickr8k_captions(corpus / FLICKR8K_TOKENS)
    found = []
    for split, name in FLICKR8K_LISTS.items():
        faults = Faults(f"{corpus / name}: pictures without a caption in {FLICKR8K_TOKENS}")
        for image in filter(None, map(str.strip, read_text(corpus / name, "utf-8").splitlines())):
            if image not in captions:
                faults.add(image)
                continue
            found.append(CaptionedImage(split, image, tuple(captions[image])))
        faults.stop_if_more_than(0)
    return found


def _flickr8k_captions(path: Path) -> dict[str, list[str]]:
    """Lines of `<image>#<number>`, a tab, and a caption."""
    captions: dict[str, list[str]] = {}
    faults = Faults(f"{path}: lines that are not <image>#<number>, tab, caption")
    for number, line in enumerate(read_text(path, "utf-8").splitlines(), start=1):
        place, tab, caption = line.partition("\t")
        image, sign, _ = place.rpartition("#")
        if tab and sign and caption.strip():
            captions.setdefault(image, []).append(caption.strip())
        elif line.strip():
            faults.add(f"line {number}: {line[:80]!r}")
    faults.stop_if_more_than(0)
    return captions


def _read_karpathy(corpus: Path) -> list[CaptionedImage]:
    path = corpus / KARPATHY_FILE
    return [
        CaptionedImage(
            KARPATHY_SPLITS[entry["split"]],
            entry["filename"],
            tuple(sentence["raw"].strip() for sentence in entry["sentences"]),
        )
        for entry in karpathy_images(path, ("filename", "sentences"))
    ]


def karpathy_images(path: Path, fields: tuple[str, ...]) -> list[dict[str, Any]]:
    """The entries of a Karpathy-style JSON file, each with a known split and these fields.

    Raises:
        UserError: the file is missing or another one.
    """
    try:
        images = json.loads(read_text(path, "utf-8"))["images"]
        faults = Faults(f"{path}: entries of images without split, {', '.join(fields)}")
        for number, entry in enumerate(images):
            if entry.get("split") not in KARPATHY_SPLITS or not entry.keys() >= {*fields}:
                faults.add(f"entry {number}: {json.dumps(entry)[:80]}")
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError):
        raise UserError(f"{path} is no JSON object with a list `images` of objects") from None
    faults.stop_if_more_than(0)
    entries: list[dict[str, Any]] = images
    return entries


def _read_sample(corpus: Path) -> list[CaptionedImage]:
    lines = read_text(corpus / TRUTH_FILE, "utf-8").splitlines()
    entries = [json.loads(line) for line in lines]
    return [CaptionedImage(e["split"], e["image"], tuple(e["captions"])) for e in entries]


_READERS: dict[str, Callable[[Path], list[CaptionedImage]]] = {
    "sample": _read_sample,
    "flickr8k": _read_flickr8k,
    "karpathy": _read_karpathy,
}
