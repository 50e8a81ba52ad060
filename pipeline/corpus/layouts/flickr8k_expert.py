"""Judgments of how well a caption fits an image, on Flickr8k (Hodosh et al., JAIR 2013)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path

from pipeline.corpus.layouts.flickr8k import CAPTIONS, read_captions, read_lines
from pipeline.corpus.pairs import SPLITS, Pair
from pipeline.faults import stop_if_any
from pipeline.params.project import CorpusParams

_EXPERTS = "ExpertAnnotations.txt"
_CROWD = "CrowdFlowerAnnotations.txt"
# Relation by median grade: 1, 2, 3, 4.
_RELATIONS = ("irrelevant", "implicit", "explicit", "explicit")


@dataclass(frozen=True, slots=True)
class JudgedCaption:
    """A caption that was judged beside an image, which need not be the caption's own."""

    image: str
    caption: str
    """Its id, `image.jpg#number`."""
    text: str
    line: int

    @property
    def source(self) -> str:
        """The image that the caption was written for."""
        return self.caption.rpartition("#")[0]

    @property
    def is_own(self) -> bool:
        """Whether it was written for the image that it was judged beside."""
        return self.source == self.image


@dataclass(frozen=True, slots=True)
class ExpertJudgment(JudgedCaption):
    """The grades of three experts.

    The caption 1: does not describe the image, 2: describes minor aspects, 3: almost describes it,
    4: describes it.
    """

    grades: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class CrowdJudgment(JudgedCaption):
    """Whether the caption describes the image: share of yes, number of yes, number of no."""

    share: float
    yes: int
    no: int


def read(corpus: CorpusParams) -> list[Pair]:
    """A pair per expert judgment: train, dev, test, each in file order.

    Its label is irrelevant where the median grade is 1, implicit where it is 2, else explicit.
    `corpus.expert_protocol` decides its split.

    Raises:
        UserError: as in `read_expert_judgments`.
    """
    pairs = [
        Pair(
            id=f"{judgment.image}|{judgment.caption}",
            split=split,
            label=_RELATIONS[sorted(judgment.grades)[1] - 1],
            image=judgment.image,
            text=judgment.text,
            where=f"{_EXPERTS} line {judgment.line}",
        )
        for judgment in read_expert_judgments(corpus)
        if (split := _split(judgment, corpus))
    ]
    return sorted(pairs, key=lambda pair: SPLITS.index(pair.split))


def read_expert_judgments(corpus: CorpusParams) -> list[ExpertJudgment]:
    """The judgments of ExpertAnnotations.txt, in file order.

    Raises:
        UserError: it or the captions' file is missing, a line is malformed, a grade is not 1 to 4,
            or an id has no caption.
    """
    lines = _read(corpus, _EXPERTS, r"([1-4])\t([1-4])\t([1-4])", "three grades from 1 to 4")
    return [
        ExpertJudgment(*judged, grades=(int(first), int(second), int(third)))
        for judged, (first, second, third) in lines
    ]


def read_crowd_judgments(corpus: CorpusParams) -> list[CrowdJudgment]:
    """The judgments of CrowdFlowerAnnotations.txt, in file order.

    Raises:
        UserError: it or the captions' file is missing, a line is malformed, or an id has no
            caption.
    """
    answers = r"(0(?:\.[0-9]+)?|1)\t([0-9]+)\t([0-9]+)"
    lines = _read(corpus, _CROWD, answers, "the share of yes, the numbers of yes and of no")
    return [
        CrowdJudgment(*judged, share=float(share), yes=int(yes), no=int(no))
        for judged, (share, yes, no) in lines
    ]


def _read(
    corpus: CorpusParams, name: str, judgment: str, form: str
) -> Iterator[tuple[tuple[str, str, str, int], Sequence[str]]]:
    """The fields of each line's `JudgedCaption`, and the cells of its judgment."""
    path = Path(corpus.path) / name
    lines = _read_cells(path, corpus.encoding, judgment, form)
    texts = {
        f"{image}#{number}": text
        for image, captions in read_captions(corpus).items()
        for number, text in captions.items()
    }
    stop_if_any(
        f"{path}: ids without a caption in {CAPTIONS}",
        (f"line {line}: {caption!r}" for line, (_, caption, *_) in lines if caption not in texts),
    )
    for line, (image, caption, *cells) in lines:
        yield (image, caption, texts[caption], line), cells


def _read_cells(
    path: Path, encoding: str, judgment: str, form: str
) -> list[tuple[int, Sequence[str]]]:
    pattern = re.compile(rf"([^\t]+)\t([^\t]+)\t{judgment}")
    lines: list[tuple[int, Sequence[str]]] = []
    faults = []
    for number, line in read_lines(path, encoding):
        if match := pattern.fullmatch(line.strip()):
            lines.append((number, match.groups()))
        else:
            faults.append(f"line {number}: {line[:80]!r}")
    stop_if_any(f"{path}: lines that are not image, caption's id and {form}, with tabs", faults)
    return lines


def _split(judgment: ExpertJudgment, corpus: CorpusParams) -> str | None:
    if corpus.expert_protocol == "photo":
        return _photo_split(judgment.image)
    key, half = corpus.expert_fold
    return _disjoint_split(judgment, key, int(half))


def _photo_split(image: str) -> str:
    tenth = _sha1(image) % 10
    if tenth == 7:
        return "dev"
    return "train" if tenth < 7 else "test"


def _disjoint_split(judgment: ExpertJudgment, key: str, half: int) -> str | None:
    """None for a pair whose image is on one side and whose caption's image is on the other."""
    side = _bit(judgment.image, key)
    if side != _bit(judgment.source, key):
        return None
    if side != half:
        return "test"
    dev_bits = [_bit(judgment.image, key + part) for part in ("dev", "dev2")]
    return "train" if any(dev_bits) else "dev"


def _bit(image: str, key: str) -> int:
    return _sha1(key + image) % 2


def _sha1(text: str) -> int:
    return int(sha1(text.encode()).hexdigest(), 16)
