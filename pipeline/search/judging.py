"""What the stage `evaluate` tells of a trained model: figures per query, weights, examples."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from pipeline.corpus.images import ImageSource
from pipeline.errors import UserError
from pipeline.features.store import GloveFeatures
from pipeline.report.thumbnails import CorpusImages
from pipeline.search.amc import AMC
from pipeline.search.data import Rows, SearchFeatures
from pipeline.search.figures import Example
from pipeline.search.metrics import Ranking, ndcg, ranked_gains
from pipeline.search.ranking import Index, keyword_weights

_AT_ONCE = 50
_NDCG = 10

Floats = npt.NDArray[np.float64]


def require_encoders(model: AMC, features: SearchFeatures) -> None:
    """Stop unless features come from the encoders that a model was trained with.

    Raises:
        UserError: they do not.
    """
    if features.encoders != model.config.encoders:
        raise UserError(
            f"the model was trained with the encoders {model.config.encoders}, but the files at"
            f" hand come from {features.encoders}; extract again alike, or train again"
        )


def modality_weights(model: AMC, features: SearchFeatures, lines: pd.DataFrame) -> Floats:
    """[p_v, p_k] of each line's query and picture (n, 2)."""
    weights = np.zeros((len(lines), 2))
    for start in range(0, len(lines), _AT_ONCE):
        part = lines[start : start + _AT_ONCE]
        pictures, places = np.unique(part["picture"], return_inverse=True)
        asked = features.words.gather(part["query"].to_numpy(np.int64))
        found = Index.of(model, features.pictures, pictures).correlate(*asked).weights.cpu().numpy()
        weights[start : start + _AT_ONCE] = found[np.arange(len(part)), places]
    return weights


def query_table(
    features: SearchFeatures, queries: Rows, ranking: Ranking, lines: pd.DataFrame, weights: Floats
) -> pd.DataFrame:
    """A line per query: key, number of relevant candidates, the first one's rank counted from 1 (0
    if there is none), NDCG@10, and the mean weight of the picture in its relevant ones."""
    gains = ranked_gains(ranking)
    relevant = gains > 0
    seen = pd.Series(weights[:, 0]).groupby(lines["query"].to_numpy()).mean()
    found = np.any(relevant, axis=1)
    with np.errstate(invalid="ignore"):
        scores = np.where(found, ndcg(gains, _NDCG), 0.0)
    return pd.DataFrame(
        {
            "query": [features.query_keys[query] for query in queries],
            "relevant": relevant.sum(1),
            "first_rank": np.where(found, relevant.argmax(1) + 1, 0),
            f"ndcg@{_NDCG}": scores,
            "visual_weight": seen.reindex(queries).to_numpy(),
        }
    )


def examples(
    model: AMC,
    features: SearchFeatures,
    glove: GloveFeatures,
    lines: pd.DataFrame,
    corpus: tuple[Path, pd.DataFrame],
    count: int,
) -> list[Example]:
    """What the model looks at in some lines' pictures, taken at even steps.

    corpus: the archive or folder of pictures, and images.parquet.
    """
    places = np.linspace(0, len(lines) - 1, count).astype(int)
    chosen = lines.iloc[places].drop_duplicates("picture")
    with ImageSource.open(corpus[0]) as source:
        images = CorpusImages(source, corpus[1])
        return [
            _example(model, features, glove, query, picture, images)
            for query, picture in zip(chosen["query"], chosen["picture"], strict=True)
            if features.pictures.keys[picture] in images
        ]


def _example(
    model: AMC,
    features: SearchFeatures,
    glove: GloveFeatures,
    query: int,
    picture: int,
    images: CorpusImages,
) -> Example:
    pictures = features.pictures
    index = Index.of(model, pictures, np.array([picture]))
    found = index.correlate(*features.words.gather(np.array([query])))
    seen, told = found.weights[0, 0].tolist()
    return Example(
        query=query_text(glove, features.query_keys[query]),
        image=images.open(pictures.keys[picture]),
        row=int(pictures.rows_in_file(np.array([picture]))[0]),
        attention=None if found.M is None else found.M[0, 0].cpu().numpy(),
        keywords=keyword_weights(found, 0, pictures.own_keywords(picture), model.config.vocabulary),
        weights=(seen, told),
        score=float(found.scores[0, 0]),
    )


def query_text(glove: GloveFeatures, key: str) -> str:
    """The words of a query, with spaces between them."""
    (row,) = glove.index([key])
    words = glove.word_ids[glove.offsets[row] : glove.offsets[row + 1]]
    return " ".join(glove.vocabulary[i] for i in words)
