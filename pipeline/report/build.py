"""The whole report: one page, and figures beside it."""

import json
from pathlib import Path
from typing import Any

import h5py
import pandas as pd

from pipeline import paths
from pipeline.corpus.images import ImageSource
from pipeline.device import resolve_device
from pipeline.features.store import RegionFeatures
from pipeline.features.texts import Texts, read_texts
from pipeline.files import whole_file
from pipeline.models.ananet import AnANet
from pipeline.params import Params
from pipeline.report import sections
from pipeline.report.audit import read_audit
from pipeline.report.cautions import cautions
from pipeline.report.curves import read_charts
from pipeline.report.looking import draw_figures, look_at_pairs, viewer_pairs
from pipeline.report.pages import render
from pipeline.report.studies import read_studies
from pipeline.report.thumbnails import CorpusImages
from pipeline.training.data import read_words
from pipeline.training.encoders import EncoderSettings


def build_report(params: Params) -> None:
    """Read what the stages before left, and write data/reports/index.html and figures/.

    Raises:
        UserError: a file is missing.
    """
    pairs, texts = pd.read_parquet(paths.PAIRS), read_texts(paths.TEXTS)
    metrics, report, coverage = _json(paths.METRICS), _json(paths.CORPUS_REPORT), _coverage()
    predictions = pd.read_csv(paths.PREDICTIONS, dtype={"id": str}, keep_default_na=False)
    with ImageSource.open(Path(params.corpus.path) / params.corpus.images) as source:
        images = CorpusImages(source, pd.read_parquet(paths.IMAGES))
        html = render(
            "page.html",
            **sections.results(params.corpus.labels, metrics, predictions),
            **sections.corpus(params, report, coverage, pairs, texts, images),
            **sections.provenance(params, EncoderSettings.load(paths.ANANET)),
            cautions=cautions(report, coverage, metrics),
            pairs=_look_inside(params, pairs, predictions, texts, images),
            charts=read_charts(paths.TRAINING_CURVES),
            studies=read_studies(paths.STUDIES),
            audit=read_audit(paths.AUDIT, pairs, images),
        )
    with whole_file(paths.REPORT) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _look_inside(
    params: Params,
    pairs: pd.DataFrame,
    predictions: pd.DataFrame,
    texts: Texts,
    images: CorpusImages,
) -> list[dict[str, Any]]:
    model = AnANet.from_pretrained(paths.ANANET).to(resolve_device(params.train.device))
    labels = model.config.labels
    regions = RegionFeatures.read(paths.REGIONS)
    words = read_words(model.config.model.text)
    looks = look_at_pairs(model, pairs, predictions, regions, words, texts, images)
    draw_figures(paths.FIGURES, looks, regions, images, labels)
    return viewer_pairs(looks, regions, images, labels)


def _json(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def _coverage() -> dict[str, Any]:
    with h5py.File(paths.GLOVE, "r") as file:
        coverage: dict[str, Any] = json.loads(file.attrs["coverage"])
    return coverage
