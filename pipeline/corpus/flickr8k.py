"""Flickr8k's own files (Hodosh et al., JAIR 2013): captions of photos, and the official lists."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.corpus.faults import Faults
from pipeline.corpus.pairs import Pair
from pipeline.corpus.text_files import read_text
from pipeline.params import CorpusParams

LABEL = "match"
_CAPTIONS = "Flickr8k.token.txt"
_LISTS = {split: f"Flickr_8k.{split}Images.txt" for split in ("train", "dev", "test")}

Captions = Mapping[str, list[tuple[str, str]]]


def read_flickr8k(corpus: CorpusParams) -> list[Pair]:
    """A pair per caption of the listed photos, all of label `match`: train, dev, test.

    Photos come in the order of their lists, captions in that of their numbers; a photo that is in
    no list is left out.

    Raises:
        UserError: a file is missing, a line is no caption, or a listed photo has none.
    """
    captions = _read_captions(Path(corpus.path) / _CAPTIONS, corpus.encoding)
    return [pair for split in _LISTS for pair in _read_split(corpus, split, captions)]


def _read_captions(path: Path, encoding: str) -> Captions:
    """(number, text) of each photo's captions, by the photo's name."""
    faults = Faults(f"{path}: lines that are not `photo.jpg#number`, a tab and a caption")
    captions: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line, text in enumerate(_lines(path, encoding), start=1):
        key, tab, caption = text.partition("\t")
        photo, mark, number = key.rpartition("#")
        if tab and mark and number.isdecimal():
            captions[photo].append((number, caption.strip()))
        else:
            faults.add(f"line {line}: {text[:40]!r}")
    faults.stop_if_more_than(0)
    return captions


def _read_split(corpus: CorpusParams, split: str, captions: Captions) -> Iterator[Pair]:
    path = Path(corpus.path) / _LISTS[split]
    faults = Faults(f"{path}: photos without a caption in {_CAPTIONS}")
    photos = [line.strip() for line in _lines(path, corpus.encoding)]
    for photo in photos:
        if photo not in captions:
            faults.add(photo)
    faults.stop_if_more_than(0)
    for photo in photos:
        for number, text in sorted(captions[photo]):
            identifier = f"{photo}#{number}"
            yield Pair(identifier, split, LABEL, photo, text, f"{_CAPTIONS} {identifier}")


def _lines(path: Path, encoding: str) -> list[str]:
    return [line for line in read_text(path, encoding).split("\n") if line.strip()]
