"""The template values of the page's sections."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from pipeline import paths
from pipeline.features.texts import Texts
from pipeline.files import digest
from pipeline.images.source import CorpusImages
from pipeline.metrics.calibration import Reliability, reliability
from pipeline.models.saved import EncoderSettings
from pipeline.pages.thumbnails import data_uri
from pipeline.params.project import Params
from pipeline.report.provenance import flat, git_revision, package_versions

_BINS = 10
_EXAMPLES_PER_LABEL = 2
_EXAMPLE_SIDE = 240
_AUDIT_SHOWN = 12
_AUDIT_SIDE = 160
_POINTING = "pointing_"

# Prefix in metrics.json: name in the table.
_ROWS = {
    "": "AnANet",
    "alignment_": "its alignment vote alone",
    "association_": "its association vote alone",
    "image_only_": "image only (logistic regression)",
    "text_only_": "text only (logistic regression)",
    "majority_": "majority class",
}

Values = dict[str, Any]


def results(labels: list[str], metrics: Mapping[str, float], predictions: pd.DataFrame) -> Values:
    """Scores, confusion and calibration on the test pairs.

    metrics: content of metrics.json. predictions: like predictions.csv.
    """
    probabilities = predictions[[f"p_{label}" for label in labels]].to_numpy()
    gold = predictions["gold"].map(labels.index).to_numpy()
    found = reliability(gold, probabilities, _BINS)
    return {
        "labels": labels,
        "tiles": _tiles(metrics),
        "scores": _score_rows(metrics),
        "confusion": _confusion(predictions, labels),
        "f1": [(label, metrics[f"f1.{label}"]) for label in labels],
        "bins": _bins(found),
        "calibration_error": found.error,
        "pointing": {
            name.removeprefix(_POINTING): value
            for name, value in metrics.items()
            if name.startswith(_POINTING)
        },
    }


def _bins(found: Reliability) -> list[dict[str, float]]:
    bins = zip(found.count, found.confidence, found.accuracy, strict=True)
    return [
        {"count": int(count), "confidence": float(confidence), "accuracy": float(accuracy)}
        for count, confidence, accuracy in bins
        if count
    ]


def _tiles(metrics: Mapping[str, float]) -> list[dict[str, str]]:
    shown = [("accuracy", "accuracy"), ("f1_weighted", "weighted F1"), ("f1_macro", "macro F1")]
    tiles = []
    for name, title in shown:
        note = f"95 % interval {interval}" if (interval := _interval(metrics, name)) else ""
        tiles.append({"name": title, "value": f"{_percent(metrics, name)} %", "note": note})
    majority = _percent(metrics, "majority_accuracy")
    note = "accuracy of always predicting the most frequent relation"
    return [*tiles, {"name": "majority class", "value": f"{majority} %", "note": note}]


def corpus(
    params: Params,
    report: Mapping[str, Any],
    coverage: Mapping[str, Any],
    pairs: pd.DataFrame,
    texts: Texts,
    images: CorpusImages,
) -> Values:
    """Counts and examples of the corpus.

    report: content of corpus.json. coverage: of the GloVe vectors.

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
        "examples": _examples(params.corpus.labels, pairs, texts, images),
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
    labels: list[str], pairs: pd.DataFrame, texts: Texts, images: CorpusImages
) -> list[dict[str, str]]:
    train = pairs[pairs["split"] == "train"].to_dict("records")
    shown = [pair for pair in train if pair["image_key"] in images]
    return [
        {
            "label": label,
            "text": " ".join(texts[pair["text_key"]]),
            "image": data_uri(images.open(pair["image_key"]), _EXAMPLE_SIDE),
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
    table = pd.read_csv(path, dtype={"id": str, "text": str}, keep_default_na=False)
    keys = dict(zip(pairs["id"], pairs["image_key"], strict=True))
    known = table[[keys.get(identifier, "") in images for identifier in table["id"]]]
    shown = [
        {**row, "image": data_uri(images.open(keys[row["id"]]), _AUDIT_SIDE)}
        for row in known.head(_AUDIT_SHOWN).to_dict("records")
    ]
    return {"pairs": shown, "total": len(table), "file": path.name}


def provenance(params: Params, settings: EncoderSettings) -> Values:
    """Revision, versions, parameters and the encoders' fingerprints."""
    return {
        "revision": git_revision(),
        "versions": package_versions(),
        # `compute` affects no result; nor does the sample, where the corpus is another.
        "params": flat(params.model_dump(by_alias=True, exclude={"compute", *_others(params)})),
        "encoders": {
            name: {"digest": digest(fingerprint), "fingerprint": flat(fingerprint)}
            for name, fingerprint in settings.fingerprints.items()
        },
    }


def _score_rows(metrics: Mapping[str, float]) -> list[dict[str, str]]:
    """One row per model in metrics.json, AnANet first."""
    return [
        {
            "name": name,
            "accuracy": _percent(metrics, f"{prefix}accuracy"),
            "accuracy_interval": _interval(metrics, f"{prefix}accuracy"),
            "f1": _percent(metrics, f"{prefix}f1_weighted"),
            "f1_interval": _interval(metrics, f"{prefix}f1_weighted"),
        }
        for prefix, name in _ROWS.items()
        if f"{prefix}accuracy" in metrics
    ]


def _percent(metrics: Mapping[str, float], name: str) -> str:
    return f"{100 * metrics[name]:.1f}" if name in metrics else ""


def _interval(metrics: Mapping[str, float], name: str) -> str:
    low, high = _percent(metrics, f"{name}_low"), _percent(metrics, f"{name}_high")
    return f"{low} to {high}" if low and high else ""


def _confusion(
    predictions: pd.DataFrame, labels: Sequence[str]
) -> list[tuple[str, list[dict[str, float]]]]:
    """For each annotated relation, how often each relation was predicted."""
    rows = []
    for gold in labels:
        found: Any = predictions.loc[predictions["gold"] == gold, "predicted"]
        counts = [int((found == label).sum()) for label in labels]
        rows.append((gold, [{"count": n, "share": n / max(len(found), 1)} for n in counts]))
    return rows


def _others(params: Params) -> set[str]:
    """Sections that decide nothing of this corpus."""
    return set() if Path(params.corpus.path) == paths.SAMPLE else {"sample"}
