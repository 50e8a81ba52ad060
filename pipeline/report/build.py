"""Builds the report: one HTML page."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import pandas as pd
from PIL.Image import Image

from pipeline import paths
from pipeline.corpus.posts import read_original_texts
from pipeline.errors import UserError
from pipeline.features.store import RegionFeatures
from pipeline.features.texts import Texts, read_texts
from pipeline.files import write_text
from pipeline.images.corpus import images_path
from pipeline.images.source import CorpusImages, ImageSource
from pipeline.metrics.pair_outputs import read_pair_outputs
from pipeline.pages.rendering import render
from pipeline.params.project import Params
from pipeline.report import sections
from pipeline.report.attention_examples import attention_examples
from pipeline.report.changes import changes
from pipeline.report.confusions import worst_confusions
from pipeline.report.curves import read_charts
from pipeline.report.provenance import made_on
from pipeline.report.results import results
from pipeline.report.studies import read_studies
from pipeline.report.viewer import Example, viewer_pair
from pipeline.report.warnings import grave_warnings, result_warnings


@dataclass(frozen=True)
class Made:
    """What the other stages made of the corpus and of its test pairs.

    pairs: like pairs.parquet. predictions: like predictions.csv. words: of each text by its key.
    posts: each pair's text as it was written, by its id.
    """

    params: Params
    pairs: pd.DataFrame
    predictions: pd.DataFrame
    words: Texts
    posts: Mapping[str, str]
    images: CorpusImages

    def examples(self) -> list[Example]:
        """Test pairs with the trained model's attention.

        Raises:
            UserError: a file is missing or damaged.
        """
        outputs, regions = read_pair_outputs(paths.EXAMPLES), RegionFeatures.read(paths.REGIONS)
        return attention_examples(outputs, self.pairs, regions, self.words, self.posts, self.images)

    def look(self, identifier: str) -> tuple[Image | None, str]:
        """The picture of a pair, if it can be read, and its text."""
        key = self.pairs.loc[self.pairs["id"] == identifier, "image_key"].iloc[0]
        image = self.images.open(key) if key in self.images else None
        return image, self.posts[identifier]


@contextmanager
def read_made(params: Params) -> Iterator[Made]:
    """Yield what the other stages made; the images are open for as long.

    Raises:
        UserError: a file is missing or damaged.
    """
    predictions, corpus = _predictions(), params.corpus
    with ImageSource.open(images_path(Path(corpus.path), corpus.images)) as source:
        yield Made(
            params,
            pd.read_parquet(paths.PAIRS),
            predictions,
            read_texts(paths.TEXTS),
            read_original_texts(paths.POSTS),
            CorpusImages(source, pd.read_parquet(paths.IMAGES)),
        )


def build_report(params: Params) -> None:
    """Write data/reports/index.html from the outputs of the other stages.

    Raises:
        UserError: a file is missing or damaged.
    """
    with read_made(params) as made:
        html = render("page.html", **_values(made))
    write_text(paths.REPORT, html)


def _values(made: Made) -> dict[str, Any]:
    params, labels, predictions = made.params, made.params.corpus.labels, made.predictions
    metrics, report, coverage = _json(paths.METRICS), _json(paths.CORPUS_REPORT), _coverage()
    examples = made.examples()
    return {
        **results(labels, metrics, predictions),
        **sections.corpus(
            params, report, coverage, made.pairs, made.words, made.posts, made.images
        ),
        **sections.provenance(params, _json(paths.ENCODERS)["fingerprints"]),
        "made_on": made_on(),
        "grave": grave_warnings(labels, predictions, metrics),
        "warnings": result_warnings(report, coverage, metrics),
        "changes": changes(params, metrics),
        "confusions": worst_confusions(predictions, labels, made.look),
        "pairs": [viewer_pair(example, labels) for example in examples],
        "charts": read_charts(paths.TRAINING_CURVES, params.train.select_by),
        "studies": read_studies(paths.STUDIES),
        "audit": sections.audit(paths.AUDIT, made.pairs, made.images),
    }


def _predictions() -> pd.DataFrame:
    if not paths.PREDICTIONS.exists():
        raise UserError(f"{paths.PREDICTIONS} not found; train and evaluate first: dvc repro")
    table = pd.read_csv(paths.PREDICTIONS, dtype=str, keep_default_na=False)
    # Only probabilities are numbers: a label may be called 0 or true.
    return table.astype({name: float for name in table.columns if str(name).startswith("p_")})


def _json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def _coverage() -> Any:
    with h5py.File(paths.GLOVE, "r") as file:
        return json.loads(file.attrs["coverage"])
