"""A trained model and its encoders: a query and pictures in, the best of them out."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import torch

from pipeline.corpus.images import ImageError, ImageSource
from pipeline.device import resolve_device
from pipeline.errors import UserError
from pipeline.search.amc import AMC, Correlation
from pipeline.search.data import PictureFeatures, read_keywords_of
from pipeline.search.encoders import Encoders
from pipeline.search.keywords import PICTURES, TAGGER, VOCABULARY, Ints, read_vocabulary
from pipeline.search.ranking import Index, keyword_weights
from pipeline.search.settings import SearchEncoders
from pipeline.search.tagging import Tagger
from pipeline.search.visual import Visual


@dataclass(frozen=True)
class Found:
    """A picture that was found.

    name: its file, or its key where that is not known. score: the cosine. seen, told: the weights
    p_v and p_k. keywords: the picture's, with their shares of the query's attention.
    """

    key: str
    name: str
    score: float
    seen: float
    told: float
    keywords: dict[str, float]


class Searcher:
    """Searches pictures that are indexed once, with as many queries as are asked."""

    def __init__(self, model: AMC, encoders: Encoders, tagger: Tagger, per_picture: int) -> None:
        self._model, self._encoders = model, encoders
        self._tagger, self._per_picture = tagger, per_picture

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
        settings = SearchEncoders.load(folder)
        encoders = Encoders(settings, target, allow_rounding)
        return cls(model, encoders, Tagger.load(folder / TAGGER), settings.per_picture)

    def index(
        self, source: Path, keywords: Path | None = None, images: Path | None = None
    ) -> "Searchable":
        """Make pictures ready to be searched.

        Args:
            source: a feature file (.h5), or a folder or zip archive of pictures.
            keywords: the folder that the stage `keywords` wrote. Pictures that it knows have the
                keywords that stand there, any other those that the model's tagger gives it.
            images: the folder or archive that a feature file's pictures lie in, for their names.

        Raises:
            UserError: the pictures cannot be read, or their features come from another encoder.
        """
        if source.suffix == ".h5":
            visual = self._encoders.read_file(source)
            names = file_names([key.decode() for key in visual.features.keys.tolist()], images)
        else:
            names, visual = self._encoders.read_pictures(source)
        known = {} if keywords is None else self._known(keywords)
        features = PictureFeatures(list(names), visual, self._keywords(list(names), visual, known))
        return Searchable(self._model, self._encoders, features, names)

    def _known(self, folder: Path) -> dict[str, Ints]:
        """The keywords of the pictures that a folder of keywords knows, by key."""
        if read_vocabulary(folder / VOCABULARY) != self._model.config.vocabulary:
            raise UserError(
                f"{folder} has another vocabulary than the model; train again, or search without"
                " its keywords"
            )
        places = pd.read_parquet(folder / PICTURES)
        return dict(zip(places["key"], read_keywords_of(folder, places), strict=True))

    def _keywords(self, keys: list[str], visual: Visual, known: Mapping[str, Ints]) -> list[Ints]:
        tags = self._tagger.tag(visual.means(np.arange(len(keys))), self._per_picture)
        # What cannot be seen cannot be tagged.
        found = [tags[row] if visual.mask[row].any() else tags[row, :0] for row in range(len(keys))]
        return [known.get(key, own) for key, own in zip(keys, found, strict=True)]


class Searchable:
    """Pictures that are ready to be searched. names: what to call each, by key."""

    def __init__(
        self, model: AMC, encoders: Encoders, features: PictureFeatures, names: Mapping[str, str]
    ) -> None:
        self._encoders, self._features, self.names = encoders, features, names
        self._vocabulary = model.config.vocabulary
        self._index = Index.of(model, features, np.arange(len(features)))

    def search(self, query: str, count: int) -> list[Found]:
        """The `count` best pictures for a query, the best first; of equal ones the earlier.

        Raises:
            UserError: the word vectors are not those of the training.
        """
        words = self._encoders.read_query(query).gather(np.zeros(1, np.int64))
        best = np.argsort(-self._index.scores(*words)[0], kind="stable")[:count]
        found = self._index.correlate(*words, torch.from_numpy(best))
        return [self._found(found, row, place) for row, place in enumerate(best.tolist())]

    def _found(self, found: Correlation, row: int, place: int) -> Found:
        key, keywords = self._features.keys[place], self._features.own_keywords(place)
        seen, told = found.weights[0, row].tolist()
        return Found(
            key=key,
            name=self.names[key],
            score=float(found.scores[0, row]),
            seen=seen,
            told=told,
            keywords=keyword_weights(found, row, keywords, self._vocabulary),
        )


def file_names(keys: Sequence[str], images: Path | None) -> dict[str, str]:
    """What to call each picture: its file, known by its bytes, or else its key."""
    names = {key: key for key in keys}
    if images:
        with ImageSource.open(images) as source:
            for name in reversed(source.names()):
                with suppress(ImageError):
                    key = sha256(source.read(name)).hexdigest()
                    names |= {key: name} if key in names else {}
    return names
