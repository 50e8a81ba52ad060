"""A small corpus of every layout, as the bytes of its files."""

import json
from collections.abc import Iterable
from pathlib import Path

from pipeline.corpus.layouts.registry import read_layout
from pipeline.corpus.pairs import SPLITS, Pair, check_pairs
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams
from tests.corpus.small_corpus import LABELS, corpus_params
from tests.fuzz.examples import outcome
from tests.images.drawn import drawn_image, zip_of

Files = dict[str, bytes]

IMAGES = [f"{number}.png" for number in range(6)]
_TEXTS = ["plain", "a, b and c", 'he said "no"', "two\nlines", "émoji 😀", ""]
ALL_LABELS = [*LABELS, "match", "clicked", "passed", "close", "equal"]


def _csv(*rows: list[str]) -> bytes:
    quoted = (",".join('"' + cell.replace('"', '""') + '"' for cell in row) for row in rows)
    return ("\n".join(quoted) + "\n").encode()


def _split_tables() -> Files:
    return {
        f"{split}_data.csv": _csv(
            ["id", "image", "text", "label"],
            *([f"{split}-{n}", IMAGES[2 * i + n], _TEXTS[2 * i + n], LABELS[n]] for n in range(2)),
        )
        for i, split in enumerate(SPLITS)
    }


def _posts() -> Files:
    rows = (
        [str(n), image, text] for n, (image, text) in enumerate(zip(IMAGES, _TEXTS, strict=True))
    )
    return {"posts.csv": _csv(["id", "image", "text"], *rows)}


def _clicks() -> Files:
    rows = [["query", "image", "clicks"], ["a dog", "0.png", "3"], ["a cat", "1.png", "0"]]
    return {f"{split}_clicks.csv": _csv(*rows) for split in SPLITS}


def _flickr8k() -> Files:
    captions = "".join(f"{image}#{n}\tcaption {n}\n" for image in IMAGES for n in range(2))
    lists = {
        f"Flickr_8k.{split}Images.txt": f"{IMAGES[i]}\n{IMAGES[i + 3]}\n".encode()
        for i, split in enumerate(SPLITS)
    }
    return {"Flickr8k.token.txt": captions.encode(), **lists}


def _experts() -> Files:
    judged = "".join(f"{image}\t{IMAGES[0]}#1\t1\t2\t4\n" for image in IMAGES)
    captions = _flickr8k()["Flickr8k.token.txt"]
    return {"Flickr8k.token.txt": captions, "ExpertAnnotations.txt": judged.encode()}


def mdid_records(numbers: Iterable[int]) -> list[dict[str, object]]:
    return [
        {"id": str(n), "contextual": "close", "caption": _TEXTS[n % 6], "likes": n, "tags": ["a"]}
        for n in numbers
    ]


def karpathy_images() -> dict[str, object]:
    splits = ["train", "restval", "val", "test", "train", "test"]
    images = [
        {
            "filename": image,
            "imgid": number,
            "split": splits[number],
            "sentences": [{"raw": text, "tokens": text.split()} for text in _TEXTS[:2]],
        }
        for number, image in enumerate(IMAGES)
    ]
    return {"dataset": "drawn", "images": images}


def _mdid() -> Files:
    numbers = {"train_split_0.json": range(12), "val_split_0.json": range(12, 15)}
    return {name: json.dumps(mdid_records(own)).encode() for name, own in numbers.items()}


CORPORA: dict[str, Files] = {
    "csv": _split_tables(),
    "posts": _posts(),
    "clicks": _clicks(),
    "flickr8k": _flickr8k(),
    "flickr8k_expert": _experts(),
    "mdid": _mdid(),
    "karpathy": {"dataset.json": json.dumps(karpathy_images()).encode()},
}


def write_corpus(folder: Path, layout: str, encoding: str = "utf-8-sig") -> CorpusParams:
    """Write a corpus whose text is in UTF-8; encoding: that it is said to be in."""
    for name, data in CORPORA[layout].items():
        (folder / name).write_bytes(data)
    zip_of(folder / "image.zip", {name: drawn_image() for name in IMAGES})
    return corpus_params(folder, layout=layout, labels=ALL_LABELS, encoding=encoding)


def read_pairs(corpus: CorpusParams) -> list[Pair] | None:
    """The checked pairs, well-formed; None for a corpus that was refused."""
    pairs = outcome(lambda: read_layout(corpus), UserError)
    for pair in pairs or []:
        assert pair.split in SPLITS
        texts = (pair.id, pair.label, pair.image, pair.text, pair.where)
        "".join(texts).encode()
    return pairs and outcome(lambda: check_pairs(pairs, corpus.labels, {}, ["train"]), UserError)
