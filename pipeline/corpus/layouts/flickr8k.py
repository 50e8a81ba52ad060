"""Flickr8k as published (Hodosh et al., JAIR 2013): captions, and lists of the splits' images."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.core.text_files import read_text
from pipeline.corpus.layouts.pairs import Pair
from pipeline.faults import stop_if_any
from pipeline.params.project import CorpusParams

LABEL = "match"
_CAPTIONS = "Flickr8k.token.txt"
_LISTS = {split: f"Flickr_8k.{split}Images.txt" for split in ("train", "dev", "test")}

Captions = Mapping[str, list[tuple[str, str]]]


def read(corpus: CorpusParams) -> list[Pair]:
    """A pair per caption of the listed images, all of label `match`: train, dev, test.

    Images are in the order of their lists, captions in that of their numbers; an image in no list
    is left out.

    Raises:
        UserError: a file is missing, a line is not a caption, or a listed image has none.
    """
    captions = _read_captions(Path(corpus.path) / _CAPTIONS, corpus.encoding)
    return [pair for split in _LISTS for pair in _read_split(corpus, split, captions)]


def _read_captions(path: Path, encoding: str) -> Captions:
    """(number, text) of each image's captions, by the image's name."""
    faults: list[str] = []
    captions: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line, text in enumerate(_lines(path, encoding), start=1):
        key, tab, caption = text.partition("\t")
        image, mark, number = key.rpartition("#")
        if tab and mark and number.isdecimal():
            captions[image].append((number, caption.strip()))
        else:
            faults.append(f"line {line}: {text[:40]!r}")
    stop_if_any(f"{path}: lines that are not `image.jpg#number`, a tab and a caption", faults)
    return captions


def _read_split(corpus: CorpusParams, split: str, captions: Captions) -> Iterator[Pair]:
    path = Path(corpus.path) / _LISTS[split]
    images = [line.strip() for line in _lines(path, corpus.encoding)]
    absent = (image for image in images if image not in captions)
    stop_if_any(f"{path}: images without a caption in {_CAPTIONS}", absent)
    for image in images:
        for number, text in sorted(captions[image]):
            identifier = f"{image}#{number}"
            yield Pair(identifier, split, LABEL, image, text, f"{_CAPTIONS} {identifier}")


def _lines(path: Path, encoding: str) -> list[str]:
    return [line for line in read_text(path, encoding).split("\n") if line.strip()]
