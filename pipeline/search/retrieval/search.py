"""Searches images for a query with a trained model and its encoders."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch

from pipeline.core.device import resolve_device
from pipeline.errors import UserError
from pipeline.finite import require_finite_outputs
from pipeline.images.files import ImageError
from pipeline.images.source import ImageSource
from pipeline.models.search.amc import AMC, Correlation
from pipeline.search.data.data import ImageFeatures
from pipeline.search.data.ranking import Index, keyword_weights
from pipeline.search.data.settings import SearchEncoders
from pipeline.search.features.keywords import (
    IMAGES,
    TAGGER,
    VOCABULARY,
    Ints,
    read_keywords_of,
    read_vocabulary,
)
from pipeline.search.features.visual import Visual
from pipeline.search.mining.tagging import Tagger
from pipeline.search.retrieval.encoders import Encoders


@dataclass(frozen=True)
class SearchResult:
    """One image of a search.

    name: its file, or its key if that is unknown. score: the cosine. visual_weight,
    keyword_weight: p_v and p_k. keywords: of the image, with the query's attention on each.
    """

    key: str
    name: str
    score: float
    visual_weight: float
    keyword_weight: float
    keywords: dict[str, float]


@dataclass(frozen=True)
class CaptionResult:
    """The texts that describe an image best, with their scores, best first.

    name: its file, or its key if that is unknown.
    """

    key: str
    name: str
    texts: list[tuple[str, float]]


class Searcher:
    """A trained model, its encoders, and its tagger for images without keywords."""

    def __init__(self, model: AMC, encoders: Encoders, tagger: Tagger, per_image: int) -> None:
        self._model, self._encoders = model, encoders
        self._tagger, self._per_image = tagger, per_image

    @classmethod
    def from_pretrained(
        cls, folder: Path, device: str = "auto", allow_rounding: bool = False
    ) -> Self:
        """Load a model's folder.

        Args:
            device: auto | cpu | cuda | cuda:N.
            allow_rounding: accept features that differ from those of the training by device and
                library versions alone.

        Raises:
            UserError: a file is missing or damaged.
        """
        target = resolve_device(device)
        model = AMC.from_pretrained(folder).to(target)
        settings = SearchEncoders.load(folder, model.config.encoders)
        encoders = Encoders(settings, target, allow_rounding)
        return cls(model, encoders, Tagger.load(folder / TAGGER), settings.per_image)

    def index(
        self, source: Path, keywords: Path | None = None, images: Path | None = None
    ) -> "Searchable":
        """Encode images for any number of searches.

        Args:
            source: a feature file (.h5), or a folder or zip archive of images.
            keywords: the folder that the stage `keywords` wrote. Images that are not in it get
                keywords from the model's tagger.
            images: the folder or archive of a feature file's images, for their names.

        Raises:
            UserError: the images cannot be read, or their features come from another encoder.
        """
        if source.suffix == ".h5":
            visual = self._encoders.read_file(source)
            names = file_names([key.decode() for key in visual.features.keys.tolist()], images)
        else:
            names, visual = self._encoders.read_images(source)
        known = {} if keywords is None else self._known(keywords)
        features = ImageFeatures(list(names), visual, self._keywords(list(names), visual, known))
        return Searchable(self._model, self._encoders, features, names)

    def _known(self, folder: Path) -> dict[str, Ints]:
        """The keywords of the images in a folder of keywords, by key."""
        if read_vocabulary(folder / VOCABULARY) != self._model.config.vocabulary:
            raise UserError(
                f"{folder} has another vocabulary than the model; train again, or search without"
                " its keywords"
            )
        table = pd.read_parquet(folder / IMAGES)
        return dict(zip(table["key"], read_keywords_of(folder, table), strict=True))

    def _keywords(self, keys: list[str], visual: Visual, known: Mapping[str, Ints]) -> list[Ints]:
        tags = self._tagger.tag(visual.means(np.arange(len(keys))), self._per_image)
        # An image without any region gets no tags.
        kept = [tags[row] if visual.mask[row].any() else tags[row, :0] for row in range(len(keys))]
        return [known.get(key, tagged) for key, tagged in zip(keys, kept, strict=True)]


class Searchable:
    """Encoded images. names: by key."""

    def __init__(
        self, model: AMC, encoders: Encoders, features: ImageFeatures, names: Mapping[str, str]
    ) -> None:
        self._encoders, self._features, self.names = encoders, features, names
        self._vocabulary = model.config.vocabulary
        self._index = Index.of(model, features, np.arange(len(features)))

    def search(self, query: str, count: int) -> list[SearchResult]:
        """The `count` best images for a query, best first; ties are in the order of images.

        Raises:
            UserError: the word vectors are missing, or others than in training, or a score is not
                finite.
        """
        words = self._encoders.read_queries([query]).gather(np.zeros(1, np.int64))
        scores = self._index.scores(*words)[0]
        require_finite_outputs(scores, self._features.keys)
        best = np.argsort(-scores, kind="stable")[:count]
        correlation = self._index.correlate(*words, torch.from_numpy(best))
        return [self._result(correlation, i, image) for i, image in enumerate(best.tolist())]

    def describe(self, texts: Sequence[str], count: int) -> list[CaptionResult]:
        """The `count` best of the texts for each image, in the order of images; ties are in the
        order of texts.

        Raises:
            UserError: as in `search`.
        """
        scores = self._index.scores_of(self._encoders.read_queries(texts), np.arange(len(texts)))
        require_finite_outputs(scores, texts)
        best = np.argsort(-scores, axis=0, kind="stable")[:count]  # (count, I)
        return [
            CaptionResult(key, self.names[key], [(texts[i], float(scores[i, image])) for i in rows])
            for image, (key, rows) in enumerate(
                zip(self._features.keys, best.T.tolist(), strict=True)
            )
        ]

    def _result(self, correlation: Correlation, i: int, image: int) -> SearchResult:
        key, keywords = self._features.keys[image], self._features.keywords_of(image)
        p_v, p_k = correlation.weights[0, i].tolist()
        return SearchResult(
            key=key,
            name=self.names[key],
            score=float(correlation.scores[0, i]),
            visual_weight=p_v,
            keyword_weight=p_k,
            keywords=keyword_weights(correlation, i, keywords, self._vocabulary),
        )


def file_names(keys: Sequence[str], images: Path | None) -> dict[str, str]:
    """The name of each image: its file, found by its bytes, or else its key.

    Raises:
        UserError: the images cannot be opened.
    """
    names = {key: key for key in keys}
    if images:
        with ImageSource.open(images) as source:
            for name in reversed(source.names()):
                with suppress(ImageError):
                    key = source.read(name).key
                    names |= {key: name} if key in names else {}
    return names
