"""Flickr8k as published (Hodosh et al., JAIR 2013): captions, and lists of the splits' images."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from pipeline.core.text_files import read_text
from pipeline.corpus.pairs import Pair
from pipeline.faults import stop_if_any
from pipeline.params.project import CorpusParams

LABEL = "match"
CAPTIONS = "Flickr8k.token.txt"
_LISTS = {split: f"Flickr_8k.{split}Images.txt" for split in ("train", "dev", "test")}

# Of a caption's number; five captions are usual.
_DIGITS = 9

Captions = Mapping[str, Mapping[str, str]]


def read(corpus: CorpusParams) -> list[Pair]:
    """A pair per caption of the listed images, all of label `match`: train, dev, test.

    Images are in the order of their lists, captions in that of their numbers; an image in no list
    is left out.

    Raises:
        UserError: a file is missing, a line is not a caption, or a listed image has none.
    """
    captions = read_captions(corpus)
    return [pair for split in _LISTS for pair in _read_split(corpus, split, captions)]


def read_captions(corpus: CorpusParams) -> Captions:
    """The texts of each image's captions by their number, by the image's name.

    Raises:
        UserError: the file is missing, a line is not a caption, or a caption's id occurs twice.
    """
    path = Path(corpus.path) / CAPTIONS
    faults, repeated = [], []
    captions: dict[str, dict[str, str]] = defaultdict(dict)
    for line, text in read_lines(path, corpus.encoding):
        key, tab, caption = text.partition("\t")
        image, mark, number = key.rpartition("#")
        if not (tab and mark and number.isdecimal() and len(number) <= _DIGITS):
            faults.append(f"line {line}: {text[:40]!r}")
        elif number in captions[image]:
            repeated.append(f"line {line}: {key!r}")
        else:
            captions[image][number] = caption.strip()
    stop_if_any(f"{path}: lines that are not `image.jpg#number`, a tab and a caption", faults)
    stop_if_any(f"{path}: captions whose id occurred before", repeated)
    return captions


def read_lines(path: Path, encoding: str) -> list[tuple[int, str]]:
    """Number and text of each line that is not blank.

    Raises:
        UserError: the file is missing or has another encoding.
    """
    lines = enumerate(read_text(path, encoding).split("\n"), start=1)
    return [(number, line) for number, line in lines if line.strip()]


def _read_split(corpus: CorpusParams, split: str, captions: Captions) -> Iterator[Pair]:
    path = Path(corpus.path) / _LISTS[split]
    images = [line.strip() for _, line in read_lines(path, corpus.encoding)]
    absent = (image for image in images if image not in captions)
    stop_if_any(f"{path}: images without a caption in {CAPTIONS}", absent)
    for image in images:
        for number, text in sorted(captions[image].items(), key=_by_number):
            identifier = f"{image}#{number}"
            yield Pair(identifier, split, LABEL, image, text, f"{CAPTIONS} {identifier}")


def _by_number(caption: tuple[str, str]) -> int:
    return int(caption[0])
