"""The parts of the page, as the values that its template shows."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from pipeline.features.texts import Texts
from pipeline.params import Params
from pipeline.report.provenance import flat, git_revision, package_versions
from pipeline.report.scores import confusion, interval, percent, score_rows
from pipeline.report.thumbnails import CorpusImages, data_uri
from pipeline.training.calibration import reliability
from pipeline.training.encoders import EncoderSettings, digest

_BINS = 10
_EXAMPLES_PER_LABEL = 2
_EXAMPLE_SIDE = 240
_POINTING = "pointing_"

Values = dict[str, Any]


def results(labels: list[str], metrics: Mapping[str, float], predictions: pd.DataFrame) -> Values:
    """Figures, confusion and calibration of the test pairs.

    Args:
        metrics: what metrics.json holds. predictions: like predictions.csv.
    """
    probabilities = predictions[[f"p_{label}" for label in labels]].to_numpy()
    gold = predictions["gold"].map(labels.index).to_numpy()
    found = reliability(gold, probabilities, _BINS)
    bins = zip(found.count, found.confidence, found.accuracy, strict=True)
    return {
        "labels": labels,
        "tiles": _tiles(metrics),
        "scores": score_rows(metrics),
        "confusion": confusion(predictions, labels),
        "f1": [(label, metrics[f"f1.{label}"]) for label in labels],
        "bins": [
            {"count": int(count), "confidence": float(sure), "accuracy": float(right)}
            for count, sure, right in bins
            if count
        ],
        "calibration_error": found.error,
        "pointing": {
            name.removeprefix(_POINTING): value
            for name, value in metrics.items()
            if name.startswith(_POINTING)
        },
    }


def _tiles(metrics: Mapping[str, float]) -> list[dict[str, str]]:
    shown = [("accuracy", "accuracy"), ("f1_weighted", "weighted F1"), ("f1_macro", "macro F1")]
    tiles = []
    for name, title in shown:
        between = interval(metrics, name)
        note = f"95 % interval {between}" if between else ""
        tiles.append({"name": title, "value": f"{percent(metrics, name)} %", "note": note})
    commonest = percent(metrics, "majority_accuracy")
    note = "accuracy of always the commonest relation"
    return [*tiles, {"name": "to beat", "value": f"{commonest} %", "note": note}]


def corpus(
    params: Params,
    report: Mapping[str, Any],
    coverage: Mapping[str, Any],
    pairs: pd.DataFrame,
    texts: Texts,
    images: CorpusImages,
) -> Values:
    """Counts and examples.

    Args:
        report: what corpus.json holds. coverage: of the GloVe vectors.
    """
    pictures, known, tokens = report["images"], coverage["tokens_known"], coverage["tokens"]
    bad = pictures["missing"] + pictures["unreadable"]
    cut = f"{report['texts']['cut_at_max_words']:,}"
    return {
        "corpus_path": params.corpus.path,
        "counts": report["pairs"],
        "corpus_facts": [
            ("distinct pictures", f"{pictures['distinct']:,}"),
            ("pictures missing or unreadable", f"{bad:,} of {pictures['files']:,}"),
            ("distinct texts", f"{report['texts']['distinct']:,}"),
            ("texts without a word", f"{report['texts']['empty']:,}"),
            (f"texts cut at {params.prepare.max_words} words", cut),
            ("words with a GloVe vector", f"{known:,} of {tokens:,} ({known / tokens:.1%})"),
        ],
        "examples": _examples(params.corpus.labels, pairs, texts, images),
    }


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


def provenance(params: Params, settings: EncoderSettings) -> Values:
    """Revision, versions, parameters and the encoders' fingerprints."""
    return {
        "revision": git_revision(),
        "versions": package_versions(),
        # Where the work was done decides no result.
        "params": flat(params.model_dump(by_alias=True, exclude={"compute"})),
        "encoders": {
            name: {"digest": digest(fingerprint), "fingerprint": flat(fingerprint)}
            for name, fingerprint in settings.fingerprints.items()
        },
    }
