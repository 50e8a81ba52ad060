"""The judgments of Flickr8k's captions, as relations and by themselves."""

import os
from collections import Counter
from hashlib import sha1
from pathlib import Path
from typing import Any

import pytest

from pipeline.corpus.checks.prepare import prepare_corpus
from pipeline.corpus.layouts.flickr8k_expert import (
    CrowdJudgment,
    ExpertJudgment,
    read,
    read_crowd_judgments,
    read_expert_judgments,
)
from pipeline.corpus.pairs import Pair, check_pairs
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams
from tests.corpus.small_corpus import LABELS, corpus_params, prepare_params
from tests.images.drawn import drawn_image, zip_of

FOLDS = ["a0", "a1", "b0", "b1", "c0", "c1"]
NAMES = [f"{number}.jpg" for number in range(12)]


def expert_corpus(
    folder: Path, *lines: str, captions: str | None = None, **changes: Any
) -> CorpusParams:
    """The lines as judgments of experts, and a caption `About 7.` for each of twelve images."""
    own = "".join(f"{name}#0\tAbout {name[:-4]} .\n" for name in NAMES)
    (folder / "Flickr8k.token.txt").write_text(own if captions is None else captions)
    (folder / "ExpertAnnotations.txt").write_text("".join(f"{line}\n" for line in lines))
    return corpus_params(folder, **{"layout": "flickr8k_expert"} | changes)


def every_pair() -> list[str]:
    return [f"{image}\t{source}#0\t1\t2\t2" for image in NAMES for source in NAMES]


def number_of(text: str) -> int:
    """The sha1 of a text as a number, byte by byte."""
    number = 0
    for byte in sha1(text.encode("utf-8")).digest():
        number = number * 256 + byte
    return number


def disjoint(image: str, source: str, key: str, half: int) -> str:
    """The split of a pair in a fold of the disjoint protocol, written out."""
    image_half, source_half = number_of(key + image) % 2, number_of(key + source) % 2
    if image_half == half and source_half == half:
        zeros = number_of(f"{key}dev{image}") % 2 == 0 and number_of(f"{key}dev2{image}") % 2 == 0
        return "dev" if zeros else "train"
    if image_half == 1 - half and source_half == 1 - half:
        return "test"
    return "unused"


def by_split(pairs: list[Pair]) -> dict[str, list[str]]:
    return {
        split: [pair.id for pair in pairs if pair.split == split]
        for split in ("train", "dev", "test")
    }


@pytest.mark.parametrize(
    ("grades", "relation"),
    [
        ("1\t1\t1", "irrelevant"),
        ("1\t1\t4", "irrelevant"),
        ("4\t1\t2", "implicit"),
        ("2\t2\t3", "implicit"),
        ("3\t1\t4", "explicit"),
        ("4\t3\t4", "explicit"),
    ],
)
def test_the_median_grade_is_the_relation(tmp_path: Path, grades: str, relation: str) -> None:
    (pair,) = read(expert_corpus(tmp_path, f"0.jpg\t7.jpg#0\t{grades}"))

    assert (pair.id, pair.image) == ("0.jpg|7.jpg#0", "0.jpg")
    assert (pair.text, pair.label) == ("About 7 .", relation)
    assert pair.where == "ExpertAnnotations.txt line 1"


def test_photo_splits_by_the_image(tmp_path: Path) -> None:
    pairs = read(expert_corpus(tmp_path, *every_pair()))

    tenths = {name: number_of(name) % 10 for name in NAMES}
    assert by_split(pairs) == {
        split: [f"{i}|{s}#0" for i in NAMES if tenths[i] in wanted for s in NAMES]
        for split, wanted in (("train", range(7)), ("dev", [7]), ("test", [8, 9]))
    }
    assert [pair.split for pair in pairs] == sorted(
        (pair.split for pair in pairs), key=["train", "dev", "test"].index
    )


@pytest.mark.parametrize("fold", FOLDS)
def test_disjoint_splits_by_both_images(tmp_path: Path, fold: str) -> None:
    corpus = expert_corpus(tmp_path, *every_pair(), expert_protocol="disjoint", expert_fold=fold)

    found = by_split(read(corpus))

    key, half = fold[0], int(fold[1])
    for split, ids in found.items():
        assert ids == [
            f"{i}|{s}#0" for i in NAMES for s in NAMES if disjoint(i, s, key, half) == split
        ]
    assert 0 < len(found["test"]) < 12 * 12 / 2


def test_the_fold_does_not_matter_to_photo(tmp_path: Path) -> None:
    one, other = (
        read(expert_corpus(tmp_path, *every_pair(), expert_fold=fold)) for fold in ("a0", "c1")
    )
    assert one == other


def test_judgments_by_themselves(tmp_path: Path) -> None:
    corpus = expert_corpus(tmp_path, "3.jpg\t7.jpg#0\t4\t1\t2", "", "3.jpg\t3.jpg#0\t4\t4\t3\r")

    other, own = read_expert_judgments(corpus)

    assert other == ExpertJudgment("3.jpg", "7.jpg#0", "About 7 .", 1, (4, 1, 2))
    assert own == ExpertJudgment("3.jpg", "3.jpg#0", "About 3 .", 3, (4, 4, 3))
    assert [(j.source, j.is_own) for j in (other, own)] == [("7.jpg", False), ("3.jpg", True)]


def test_judgments_of_the_crowd(tmp_path: Path) -> None:
    corpus = expert_corpus(tmp_path)
    rows = "3.jpg\t7.jpg#0\t0.333333333333333\t1\t2\n3.jpg\t3.jpg#0\t1\t3\t0\n"
    (tmp_path / "CrowdFlowerAnnotations.txt").write_text(rows)

    judgments = read_crowd_judgments(corpus)

    assert judgments == [
        CrowdJudgment("3.jpg", "7.jpg#0", "About 7 .", 1, 0.333333333333333, 1, 2),
        CrowdJudgment("3.jpg", "3.jpg#0", "About 3 .", 2, 1.0, 3, 0),
    ]
    assert [judgment.is_own for judgment in judgments] == [False, True]


@pytest.mark.parametrize(
    "line",
    [
        "3.jpg\t7.jpg#0\t1\t2",
        "3.jpg\t7.jpg#0\t1\t2\t3\t4",
        "3.jpg 7.jpg#0 1 2 3",
        "\t7.jpg#0\t1\t2\t3",
        "3.jpg\t\t1\t2\t3",
        "3.jpg\t7.jpg#0\t0\t2\t3",
        "3.jpg\t7.jpg#0\t1\t5\t3",
        "3.jpg\t7.jpg#0\t1\t2\t3.0",
        "3.jpg\t7.jpg#0\t1\t2\t²",
    ],
)
def test_malformed_judgments_are_named(tmp_path: Path, line: str) -> None:
    corpus = expert_corpus(tmp_path, "0.jpg\t7.jpg#0\t1\t1\t1", "", line)

    with pytest.raises(UserError, match=r"Annotations\.txt: lines.*1 to 4.*\(1\):\n  line 3: "):
        read(corpus)


@pytest.mark.parametrize(
    "line",
    [
        "3.jpg\t7.jpg#0\t0.5\t1",
        "3.jpg\t7.jpg#0\tnan\t1\t2",
        "3.jpg\t7.jpg#0\t3\t0\t1",
        "3.jpg\t7.jpg#0\t0\t0\t-3",
    ],
)
def test_malformed_answers_of_the_crowd_are_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "CrowdFlowerAnnotations.txt").write_text(f"{line}\n")

    with pytest.raises(UserError, match=r"CrowdFlowerAnnotations\.txt: lines.*\n  line 1: '3\.jpg"):
        read_crowd_judgments(expert_corpus(tmp_path))


@pytest.mark.parametrize("caption", ["12.jpg#0", "7.jpg#1", "7.jpg#00", "7.jpg"])
def test_judgments_of_unknown_captions_are_named(tmp_path: Path, caption: str) -> None:
    corpus = expert_corpus(tmp_path, "0.jpg\t7.jpg#0\t1\t1\t1", f"0.jpg\t{caption}\t1\t1\t1")

    with pytest.raises(UserError) as error:
        read(corpus)
    assert "ids without a caption in Flickr8k.token.txt (1)" in str(error.value)
    assert f"line 2: '{caption}'" in str(error.value)


def test_a_caption_of_two_texts_is_refused(tmp_path: Path) -> None:
    captions = "7.jpg#0\tA dog .\n\n7.jpg#0\tA cat .\n"
    corpus = expert_corpus(tmp_path, "0.jpg\t7.jpg#0\t1\t1\t1", captions=captions)

    with pytest.raises(UserError, match=r"id occurred before \(1\):\n  line 3: '7\.jpg#0'"):
        read(corpus)


def test_a_pair_that_is_judged_twice_is_refused(tmp_path: Path) -> None:
    pairs = read(expert_corpus(tmp_path, *every_pair(), "0.jpg\t7.jpg#0\t4\t4\t4"))

    with pytest.raises(
        UserError, match=r"twice.*\n.*'0\.jpg\|7\.jpg#0': .* line 8 and .* line 145"
    ):
        check_pairs(pairs, LABELS, {})


@pytest.mark.parametrize("name", ["ExpertAnnotations.txt", "Flickr8k.token.txt"])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    corpus = expert_corpus(tmp_path, *every_pair())
    (tmp_path / name).unlink()

    with pytest.raises(UserError, match=rf"{name}: no such file"):
        read(corpus)


def test_it_can_be_prepared(tmp_path: Path) -> None:
    zip_of(tmp_path / "image.zip", {f"images/{name}": drawn_image(1) for name in NAMES})

    prepared = prepare_corpus(expert_corpus(tmp_path, *every_pair()), prepare_params())

    counts = Counter(number_of(name) % 10 for name in NAMES)
    assert prepared.report["pairs"]["test"]["implicit"] == 12 * (counts[8] + counts[9])
    assert prepared.report["images"]["ok"] == 12


@pytest.mark.real_data
@pytest.mark.skipif("REAL_DATA" not in os.environ, reason="REAL_DATA names no folder")
class TestAsPublished:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        real = Path(os.environ["REAL_DATA"])
        for file in (
            *(real / "flickr8k_expert").iterdir(),
            real / "flickr8k" / "Flickr8k.token.txt",
        ):
            (tmp_path / file.name).symlink_to(file)
        return tmp_path

    def read(self, folder: Path, **changes: Any) -> dict[str, list[Pair]]:
        corpus = corpus_params(folder, layout="flickr8k_expert", **changes)
        pairs = check_pairs(read(corpus), LABELS, {})
        return {s: [p for p in pairs if p.split == s] for s in ("train", "dev", "test")}

    def test_photo(self, folder: Path) -> None:
        splits = self.read(folder)

        assert {s: len(pairs) for s, pairs in splits.items()} == {
            "train": 3947,
            "dev": 575,
            "test": 1300,
        }
        labels = Counter(pair.label for pair in splits["test"])
        assert labels == {"irrelevant": 748, "implicit": 376, "explicit": 176}
        train = {pair.id.partition("|")[2] for pair in splits["train"]}
        assert sum(pair.id.partition("|")[2] in train for pair in splits["test"]) == 1237

    def test_the_first_fold(self, folder: Path) -> None:
        splits = self.read(folder, expert_protocol="disjoint", expert_fold="a0")

        assert {s: len(pairs) for s, pairs in splits.items()} == {
            "train": 1035,
            "dev": 272,
            "test": 1614,
        }

    @pytest.mark.parametrize("fold", FOLDS)
    def test_folds_share_no_image_and_no_caption(self, folder: Path, fold: str) -> None:
        splits = self.read(folder, expert_protocol="disjoint", expert_fold=fold)
        sources = {
            split: {pair.image for pair in pairs}
            | {pair.id.partition("|")[2].partition("#")[0] for pair in pairs}
            for split, pairs in splits.items()
        }

        assert not sources["test"] & (sources["train"] | sources["dev"])
        assert not {p.image for p in splits["train"]} & {p.image for p in splits["dev"]}

    def test_judgments(self, folder: Path) -> None:
        corpus = corpus_params(folder)
        experts = read_expert_judgments(corpus)
        crowd = read_crowd_judgments(corpus)

        assert len(experts) == 5822
        assert sum(judgment.is_own for judgment in experts) == 158
        assert sum(len(judgment.grades) for judgment in experts if not judgment.is_own) == 16992
        assert len({judgment.image for judgment in experts}) == 1000
        assert len(crowd) == 47830
        assert all(j.share == pytest.approx(j.yes / (j.yes + j.no)) for j in crowd)
