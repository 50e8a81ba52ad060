"""Evaluates a trained model: metrics per query, modality weights, attention examples."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.errors import UserError
from pipeline.features.batches import Rows
from pipeline.images.source import CorpusImages, ImageSource
from pipeline.metrics.ranking import Ranking, first_rank, ndcg, ranked_gains, ranking_metrics
from pipeline.models.search.amc import AMC
from pipeline.search.data.data import SearchFeatures
from pipeline.search.data.inputs import SearchInputs
from pipeline.search.data.ranking import Index, keyword_weights
from pipeline.search.evaluation.figures import Example

_AT_ONCE = 50
_NDCG = 10

Floats = npt.NDArray[np.float64]


def require_encoders(model: AMC, features: SearchFeatures) -> None:
    """Require that features come from the encoders that a model was trained with.

    Raises:
        UserError: they do not.
    """
    if features.encoders != model.config.encoders:
        raise UserError(
            f"the model was trained with the encoders {model.config.encoders}, but the files at"
            f" hand come from {features.encoders}; extract again alike, or train again"
        )


def modality_weights(model: AMC, features: SearchFeatures, lines: pd.DataFrame) -> Floats:
    """[p_v, p_k] of the query and image of each line (n, 2)."""
    weights = np.zeros((len(lines), 2))
    for start in range(0, len(lines), _AT_ONCE):
        part = lines[start : start + _AT_ONCE]
        images, places = np.unique(part["image"], return_inverse=True)
        words = features.words.gather(part["query"].to_numpy(np.int64))
        correlation = Index.of(model, features.images, images).correlate(*words)
        of_part = correlation.weights.cpu().numpy()[np.arange(len(part)), places]
        weights[start : start + _AT_ONCE] = of_part
    return weights


def caption_metrics(ranking: Ranking, without_relevant: str) -> dict[str, float]:
    """The metrics of `ranking_metrics` for images that rank queries (P, Q)."""
    metrics = ranking_metrics(ranking, without_relevant)
    return {name.replace("queries", "images"): value for name, value in metrics.items()}


def query_table(
    features: SearchFeatures, queries: Rows, ranking: Ranking, lines: pd.DataFrame, weights: Floats
) -> pd.DataFrame:
    """A line per query: key, number of relevant candidates, rank of the first one from 1 (0 if
    there is none), NDCG@10, and the mean p_v of its relevant images."""
    gains, ideal = ranked_gains(ranking)
    relevant = (ranking.candidate & (ranking.gain > 0)).sum(1)
    visual_weight = pd.Series(weights[:, 0]).groupby(lines["query"].to_numpy()).mean()
    has_relevant = relevant > 0
    with np.errstate(invalid="ignore"):
        scores = np.where(has_relevant, ndcg(gains, ideal, _NDCG), 0.0)
    return pd.DataFrame(
        {
            "query": [features.query_keys[query] for query in queries],
            "relevant": relevant,
            "first_rank": np.where(has_relevant, first_rank(ranking), 0),
            f"ndcg@{_NDCG}": scores,
            "visual_weight": visual_weight.reindex(queries).to_numpy(),
        }
    )


def examples(
    model: AMC,
    inputs: SearchInputs,
    lines: pd.DataFrame,
    corpus: tuple[Path, pd.DataFrame],
    count: int,
) -> list[Example]:
    """Attention examples of `count` evenly spaced lines.

    corpus: the archive or folder of images, and images.parquet.

    Raises:
        UserError: the images cannot be opened.
    """
    places = np.linspace(0, len(lines) - 1, count).astype(int)
    chosen = lines.iloc[places].drop_duplicates("image")
    with ImageSource.open(corpus[0]) as source:
        images = CorpusImages(source, corpus[1])
        return [
            _example(model, inputs, query, image, images)
            for query, image in zip(chosen["query"], chosen["image"], strict=True)
            if inputs.features.images.keys[image] in images
        ]


def _example(
    model: AMC, inputs: SearchInputs, query: int, image: int, corpus_images: CorpusImages
) -> Example:
    features, images = inputs.features, inputs.features.images
    index = Index.of(model, images, np.array([image]))
    found = index.correlate(*features.words.gather(np.array([query])))
    p_v, p_k = found.weights[0, 0].tolist()
    glove = inputs.glove
    (row,) = glove.index([features.query_keys[query]])
    words = glove.word_ids[glove.offsets[row] : glove.offsets[row + 1]]
    return Example(
        query=" ".join(glove.vocabulary[i] for i in words),
        image=corpus_images.open(images.keys[image]),
        row=int(images.rows_in_file(np.array([image]))[0]),
        attention=None if found.M is None else found.M[0, 0].cpu().numpy(),
        keywords=keyword_weights(found, 0, images.keywords_of(image), model.config.vocabulary),
        weights=(p_v, p_k),
        score=float(found.scores[0, 0]),
    )
