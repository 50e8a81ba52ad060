"""Measures a model on new posts that people have labelled."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL.Image import Image

from pipeline.dataset.predictions import Predictions
from pipeline.errors import UserError
from pipeline.evaluation.metrics import evaluation_metrics
from pipeline.evaluation.reports import prediction_table
from pipeline.files import write_text
from pipeline.labelled.gold import Gold
from pipeline.metrics.writing import write_metrics
from pipeline.pages.rendering import render
from pipeline.params.project import EvaluateParams
from pipeline.prediction import Post, Prediction
from pipeline.report.confusions import worst_confusions
from pipeline.report.provenance import made_on
from pipeline.report.results import results
from pipeline.report.warnings import grave_warnings


@dataclass
class Measuring:
    """Collects the predictions of labelled posts.

    posts, gold: in the order of the table. labels: the model's.
    """

    posts: Sequence[Post]
    gold: Gold
    labels: list[str]
    _found: list[Prediction] = field(default_factory=list)

    @property
    def count(self) -> int:
        """The number of posts that can be measured."""
        return len(self._rows)

    @property
    def _rows(self) -> list[int]:
        return [row for row, index in enumerate(self.gold.classes) if index >= 0]

    def watch(self, predictions: Iterable[Prediction]) -> Iterator[Prediction]:
        """Yield the posts' predictions, in order, and keep those that can be measured."""
        for index, found in zip(self.gold.classes, predictions, strict=True):
            if index >= 0:
                self._found.append(replace(found, links=[], words=[]))
            yield found

    def predictions(self) -> Predictions:
        """Those of the posts with a known label, named by their row where ids repeat."""
        rows = self._rows
        ids = [self.posts[row].id for row in rows]
        if len(set(ids)) < len(ids):
            ids = [f"row {row + 1}" for row in rows]
        return Predictions(
            ids=ids,
            gold=np.array([self.gold.classes[row] for row in rows]),
            probabilities=self._shares([found.probabilities for found in self._found]),
            streams={
                name: self._shares([found.streams[name] for found in self._found]).argmax(1)
                for name in self._found[0].streams
            },
            losses={},
        )

    def _shares(self, by_label: Sequence[dict[str, float]]) -> npt.NDArray[np.float32]:
        """(n, C)."""
        return np.array([[each[name] for name in self.labels] for each in by_label], np.float32)

    def look(self, ids: Sequence[str]) -> Callable[[str], tuple[Image | None, str]]:
        """Gives the picture, if it can be read, and the text of a post by its name in `ids`."""
        posts = dict(zip(ids, (self.posts[row] for row in self._rows), strict=True))

        def look(identifier: str) -> tuple[Image | None, str]:
            post = posts[identifier]
            with suppress(UserError):
                return (post.image.open() if post.status == "ok" else None), post.text
            return None, post.text

        return look


def measure(
    predictions: Predictions, labels: Sequence[str], draws: EvaluateParams
) -> dict[str, float]:
    """The metrics of `evaluate` that need no train pairs.

    `majority_accuracy` is that of the label that is most frequent among these posts.
    """
    metrics = evaluation_metrics(predictions, labels, draws.bootstrap, draws.seed)
    share = np.bincount(predictions.gold).max() / len(predictions.gold)
    return metrics | {"majority_accuracy": float(share)}


def write_measures(
    metrics_file: Path, page: Path, measuring: Measuring, draws: EvaluateParams, title: str
) -> dict[str, float]:
    """Write metrics as JSON and the page's tables as HTML; returns the metrics.

    title: names the posts on the page.

    Raises:
        UserError: a file cannot be written.
    """
    predictions, labels = measuring.predictions(), measuring.labels
    metrics = measure(predictions, labels, draws)
    write_metrics(metrics_file, metrics)
    table = prediction_table(predictions, labels)
    html = render(
        "measured.html",
        title=title,
        made_on=made_on(),
        **results(labels, metrics, table),
        grave=grave_warnings(labels, table, metrics),
        warnings=measuring.gold.notes,
        confusions=worst_confusions(table, labels, measuring.look(predictions.ids)),
        changes={},
    )
    write_text(page, html)
    return metrics
