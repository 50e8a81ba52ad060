"""The whole report: one page, and figures beside it."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import pandas as pd

from pipeline import paths
from pipeline.corpus.images import ImageSource
from pipeline.device import resolve_device
from pipeline.features.store import RegionFeatures
from pipeline.features.texts import Texts, read_texts
from pipeline.models.ananet import AnANet
from pipeline.params import Params
from pipeline.report.cautions import cautions
from pipeline.report.curves import read_charts
from pipeline.report.looking import draw_figures, look_at_pairs, viewer_pairs
from pipeline.report.pages import render
from pipeline.report.provenance import flat, git_revision, package_versions
from pipeline.report.scores import confusion, interval, percent, score_rows
from pipeline.report.studies import read_studies
from pipeline.report.thumbnails import CorpusImages, data_uri
from pipeline.training.calibration import reliability
from pipeline.training.data import read_words
from pipeline.training.encoders import EncoderSettings, digest

_BINS = 10
_EXAMPLES_PER_LABEL = 2
_EXAMPLE_SIDE = 240


def build_report(params: Params) -> None:
    """Read what the stages before left, and write data/reports/index.html and figures/.

    Raises:
        UserError: a file is missing.
    """
    pairs, texts = pd.read_parquet(paths.PAIRS), read_texts(paths.TEXTS)
    with ImageSource.open(Path(params.corpus.path) / params.corpus.images) as source:
        images = CorpusImages(source, pd.read_parquet(paths.IMAGES))
        values = {
            **_results(params),
            **_look_inside(params, pairs, texts, images),
            **_corpus(params, pairs, texts, images),
            **_provenance(params),
            "charts": read_charts(paths.TRAINING_CURVES),
            "studies": read_studies(paths.STUDIES),
        }
    paths.REPORT.write_text(render("page.html", **values), encoding="utf-8")


def _results(params: Params) -> dict[str, Any]:
    metrics = json.loads(paths.METRICS.read_text(encoding="utf-8"))
    report = json.loads(paths.CORPUS_REPORT.read_text(encoding="utf-8"))
    labels = params.corpus.labels
    predictions = pd.read_csv(paths.PREDICTIONS, dtype={"id": str}, keep_default_na=False)
    probabilities = predictions[[f"p_{label}" for label in labels]].to_numpy()
    gold = predictions["gold"].map(labels.index).to_numpy()
    bins = reliability(gold, probabilities, _BINS)
    return {
        "labels": labels,
        "tiles": _tiles(metrics),
        "scores": score_rows(metrics),
        "confusion": confusion(predictions, labels),
        "f1": [(label, metrics[f"f1.{label}"]) for label in labels],
        "bins": [
            {"count": int(count), "confidence": float(sure), "accuracy": float(right)}
            for count, sure, right in zip(bins.count, bins.confidence, bins.accuracy, strict=True)
            if count
        ],
        "calibration_error": bins.error,
        "cautions": cautions(report, _coverage(), metrics),
        "pointing": _pointing(metrics),
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


def _pointing(metrics: Mapping[str, float]) -> dict[str, float]:
    prefix = "pointing_"
    return {n.removeprefix(prefix): v for n, v in metrics.items() if n.startswith(prefix)}


def _coverage() -> dict[str, Any]:
    with h5py.File(paths.GLOVE, "r") as file:
        coverage: dict[str, Any] = json.loads(file.attrs["coverage"])
    return coverage


def _look_inside(
    params: Params, pairs: pd.DataFrame, texts: Texts, images: CorpusImages
) -> dict[str, Any]:
    model = AnANet.from_pretrained(paths.ANANET).to(resolve_device(params.train.device))
    labels = model.config.labels
    predictions = pd.read_csv(paths.PREDICTIONS, dtype={"id": str}, keep_default_na=False)
    regions = RegionFeatures.read(paths.REGIONS)
    words = read_words(model.config.model.text)
    looks = look_at_pairs(model, pairs, predictions, regions, words, texts, images)
    draw_figures(paths.FIGURES, looks, regions, images, labels)
    return {"pairs": viewer_pairs(looks, regions, images, labels)}


def _corpus(
    params: Params, pairs: pd.DataFrame, texts: Texts, images: CorpusImages
) -> dict[str, Any]:
    report = json.loads(paths.CORPUS_REPORT.read_text(encoding="utf-8"))
    coverage = _coverage()
    known, tokens = coverage["tokens_known"], coverage["tokens"]
    return {
        "corpus_path": params.corpus.path,
        "counts": report["pairs"],
        "corpus_facts": [
            ("distinct pictures", f"{report['images']['distinct']:,}"),
            ("pictures missing or unreadable", _bad_images(report["images"])),
            ("distinct texts", f"{report['texts']['distinct']:,}"),
            ("texts without a word", f"{report['texts']['empty']:,}"),
            (f"texts cut at {params.prepare.max_words} words", _cut(report)),
            ("words with a GloVe vector", f"{known:,} of {tokens:,} ({known / tokens:.1%})"),
        ],
        "examples": _examples(params, pairs, texts, images),
    }


def _bad_images(images: Mapping[str, Any]) -> str:
    return f"{images['missing'] + images['unreadable']:,} of {images['files']:,}"


def _cut(report: Mapping[str, Any]) -> str:
    return f"{report['texts']['cut_at_max_words']:,}"


def _examples(
    params: Params, pairs: pd.DataFrame, texts: Texts, images: CorpusImages
) -> list[dict[str, str]]:
    train = pairs[pairs["split"] == "train"].to_dict("records")
    shown = [pair for pair in train if pair["image_key"] in images]
    return [
        {
            "label": label,
            "text": " ".join(texts[pair["text_key"]]),
            "image": data_uri(images.open(pair["image_key"]), _EXAMPLE_SIDE),
        }
        for label in params.corpus.labels
        for pair in [pair for pair in shown if pair["label"] == label][:_EXAMPLES_PER_LABEL]
    ]


def _provenance(params: Params) -> dict[str, Any]:
    settings = EncoderSettings.load(paths.ANANET)
    encoders = {
        name: {"digest": digest(fingerprint), "fingerprint": flat(fingerprint)}
        for name, fingerprint in settings.fingerprints.items()
    }
    return {
        "revision": git_revision(),
        "versions": package_versions(),
        "params": flat(params.model_dump(by_alias=True)),
        "encoders": encoders,
    }
