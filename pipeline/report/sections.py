"""The template values of the sections about corpus, audit and provenance."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import paths
from pipeline.core.cells import plain_table
from pipeline.features.texts import Texts
from pipeline.files import Fingerprint, digest
from pipeline.images.source import CorpusImages
from pipeline.pages.thumbnails import data_uri
from pipeline.params.project import Params
from pipeline.report.provenance import flat, git_revision, package_versions

_EXAMPLES_PER_LABEL = 2
_EXAMPLE_SIDE = 240
_AUDIT_SHOWN = 12
_AUDIT_SIDE = 160

Values = dict[str, Any]


def corpus(
    params: Params,
    report: Mapping[str, Any],
    coverage: Mapping[str, Any],
    pairs: pd.DataFrame,
    words: Texts,
    posts: Mapping[str, str],
    images: CorpusImages,
) -> Values:
    """Counts and examples of the corpus.

    report: content of corpus.json. coverage: of the GloVe vectors. words: of each text by its key.
    posts: each pair's text as it was written, by its id.

    Raises:
        ImageError: an image can no longer be read.
    """
    return {
        "corpus_path": params.corpus.path,
        "counts": report["pairs"],
        "corpus_facts": [
            *_image_facts(report["images"]),
            *_text_facts(report["texts"], coverage, params.prepare.max_words),
        ],
        "examples": _examples(params.corpus.labels, pairs, words, posts, images),
    }


def _image_facts(counts: Mapping[str, int]) -> list[tuple[str, str]]:
    bad = counts["missing"] + counts["unreadable"]
    return [
        ("distinct images", f"{counts['distinct']:,}"),
        ("images missing or unreadable", f"{bad:,} of {counts['files']:,}"),
    ]


def _text_facts(
    counts: Mapping[str, int], coverage: Mapping[str, int], max_words: int
) -> list[tuple[str, str]]:
    known, tokens = coverage["tokens_known"], coverage["tokens"]
    return [
        ("distinct texts", f"{counts['distinct']:,}"),
        ("texts without a word", f"{counts['empty']:,}"),
        (f"texts cut at {max_words} words", f"{counts['cut_at_max_words']:,}"),
        ("words with a GloVe vector", f"{known:,} of {tokens:,} ({known / tokens:.1%})"),
    ]


def _examples(
    labels: list[str],
    pairs: pd.DataFrame,
    words: Texts,
    posts: Mapping[str, str],
    images: CorpusImages,
) -> list[dict[str, str]]:
    train = pairs[pairs["split"] == "train"].to_dict("records")
    shown = [pair for pair in train if pair["image_key"] in images]
    return [
        {
            "label": label,
            "text": posts[pair["id"]],
            "words": " ".join(words[pair["text_key"]]),
            "image": data_uri(images.thumbnail(pair["image_key"], _EXAMPLE_SIDE), _EXAMPLE_SIDE),
        }
        for label in labels
        for pair in [pair for pair in shown if pair["label"] == label][:_EXAMPLES_PER_LABEL]
    ]


def audit(path: Path, pairs: pd.DataFrame, images: CorpusImages) -> dict[str, Any]:
    """The corpus's pairs of lowest correspondence with images; empty without an audit.

    Raises:
        ImageError: an image can no longer be read.
    """
    if not path.exists():
        return {}
    texts = dict.fromkeys(("id", "label", "image", "text", "words"), str)
    table = plain_table(pd.read_csv(path, dtype=texts, keep_default_na=False))
    keys = dict(zip(pairs["id"], pairs["image_key"], strict=True))
    known = table[[keys.get(identifier, "") in images for identifier in table["id"]]]
    shown = [
        {**row, "image": data_uri(images.thumbnail(keys[row["id"]], _AUDIT_SIDE), _AUDIT_SIDE)}
        for row in known.head(_AUDIT_SHOWN).to_dict("records")
    ]
    return {"pairs": shown, "total": len(table), "file": path.name}


def provenance(params: Params, fingerprints: Mapping[str, Fingerprint]) -> Values:
    """Revision, versions, parameters and the encoders.

    fingerprints: feature file name -> all that decides the values of its rows.
    """
    return {
        "revision": git_revision(),
        "versions": package_versions(),
        # `compute` affects no result; nor does the sample, where the corpus is another.
        "params": flat(params.model_dump(by_alias=True, exclude={"compute", *_others(params)})),
        "encoders": {
            name: {"digest": digest(fingerprint), "fingerprint": flat(fingerprint)}
            for name, fingerprint in fingerprints.items()
        },
    }


def _others(params: Params) -> set[str]:
    """Sections that decide nothing of this corpus."""
    return set() if Path(params.corpus.path) == paths.SAMPLE else {"sample"}
