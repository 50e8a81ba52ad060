"""Builds the report: one HTML page, and figures beside it."""

import json
from pathlib import Path
from typing import Any

import h5py
import pandas as pd

from pipeline import paths
from pipeline.core.device import resolve_device
from pipeline.dataset.reading import read_files
from pipeline.features.texts import Texts, read_texts
from pipeline.files import whole_file
from pipeline.images.corpus import images_path
from pipeline.images.source import CorpusImages, ImageSource
from pipeline.models.ananet import AnANet
from pipeline.models.saved import AnANetEncoders
from pipeline.pages.rendering import render
from pipeline.params.project import Params
from pipeline.report import sections
from pipeline.report.attention_examples import attention_examples, draw_figures
from pipeline.report.curves import read_charts
from pipeline.report.studies import read_studies
from pipeline.report.viewer import viewer_pair
from pipeline.report.warnings import result_warnings


def build_report(params: Params) -> None:
    """Write data/reports/index.html and figures/ from the outputs of the other stages.

    Raises:
        UserError: a file is missing or damaged.
    """
    pairs, texts = pd.read_parquet(paths.PAIRS), read_texts(paths.TEXTS)
    metrics, report, coverage = _json(paths.METRICS), _json(paths.CORPUS_REPORT), _coverage()
    predictions = _predictions()
    with ImageSource.open(images_path(Path(params.corpus.path), params.corpus.images)) as source:
        images = CorpusImages(source, pd.read_parquet(paths.IMAGES))
        html = render(
            "page.html",
            **sections.results(params.corpus.labels, metrics, predictions),
            **sections.corpus(params, report, coverage, pairs, texts, images),
            **sections.provenance(params, AnANetEncoders.load(paths.ANANET)),
            warnings=result_warnings(report, coverage, metrics),
            pairs=_attention_examples(params, pairs, predictions, texts, images),
            charts=read_charts(paths.TRAINING_CURVES),
            studies=read_studies(paths.STUDIES),
            audit=sections.audit(paths.AUDIT, pairs, images),
        )
    with whole_file(paths.REPORT) as temporary:
        temporary.write_text(html, encoding="utf-8")


def _attention_examples(
    params: Params,
    pairs: pd.DataFrame,
    predictions: pd.DataFrame,
    texts: Texts,
    images: CorpusImages,
) -> list[dict[str, Any]]:
    model = AnANet.from_pretrained(paths.ANANET).to(resolve_device(params.train.device))
    labels = model.config.labels
    files = read_files(model.config.model)
    examples = attention_examples(model, pairs, predictions, files, texts, images)
    draw_figures(paths.FIGURES, examples, labels)
    return [viewer_pair(example, labels) for example in examples]


def _predictions() -> pd.DataFrame:
    return pd.read_csv(paths.PREDICTIONS, dtype={"id": str}, keep_default_na=False)


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _coverage() -> Any:
    with h5py.File(paths.GLOVE, "r") as file:
        return json.loads(file.attrs["coverage"])
