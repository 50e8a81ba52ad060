"""The encoders that a model of search was trained with, for new queries and new pictures."""

import json
import tempfile
from pathlib import Path
from typing import Any

import torch

from pipeline.corpus.image_check import check_images
from pipeline.corpus.images import ImageSource
from pipeline.errors import UserError
from pipeline.features.assemble import assemble
from pipeline.features.encoder import identity
from pipeline.features.extract import extract
from pipeline.features.glove import write_glove
from pipeline.features.pictures import Picture
from pipeline.features.region_encoders import load_region_encoder
from pipeline.features.rows import RowCache, cache_root
from pipeline.features.scenes import SceneEncoder, load_trunk
from pipeline.features.store import STATUS_CODES, GloveFeatures
from pipeline.prediction.agreement import require_agreement
from pipeline.search.data import QueryWords
from pipeline.search.queries import query_words
from pipeline.search.settings import SearchEncoders
from pipeline.search.visual import Visual
from pipeline.training.encoders import Fingerprint

_FILES = {"regions": "regions.h5", "scenes": "scenes.h5"}
_QUERY = "query"


class Encoders:
    """Reads as the settings say, and holds what it reads with against their fingerprints."""

    def __init__(
        self, settings: SearchEncoders, device: torch.device, allow_rounding: bool = False
    ) -> None:
        """allow_rounding: accept another device and other library versions than in training."""
        self._settings, self._device, self._allow_rounding = settings, device, allow_rounding

    def read_query(self, query: str) -> QueryWords:
        """The word vectors of one query.

        Raises:
            UserError: the source of vectors is not there, or another one than in training.
        """
        words, source = query_words(query, self._settings.prepare), self._settings.glove
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "glove.h5"
            write_glove(path, {_QUERY: words}, source.vectors, source.oov)
            glove = GloveFeatures.read(path)
        trained = self._settings.fingerprints[path.name]
        require_agreement(path.name, trained, glove.fingerprint, False)
        return QueryWords([_QUERY], glove)

    def read_file(self, path: Path) -> Visual:
        """The pictures of a feature file.

        Raises:
            UserError: it is no file of the kind that the model reads, or of another encoder.
        """
        visual = Visual.read(path, self._settings.visual)
        self._require(visual.features.fingerprint)
        return visual

    def read_pictures(self, images: Path) -> tuple[dict[str, str], Visual]:
        """The readable pictures of a folder or archive: names by key, and their features.

        Rows that the cache has are not computed again.

        Raises:
            UserError: there is no picture, or the encoder at hand is another one than in training.
        """
        encoder, attrs = self._encoder()
        self._require(json.loads(identity(encoder)))
        cache = RowCache(cache_root(), encoder)
        with ImageSource.open(images) as source, tempfile.TemporaryDirectory() as folder:
            checked = [x for x in check_images(source, source.names()).values() if x.status == "ok"]
            names = {image.key: image.name for image in reversed(checked)}
            if not names:
                raise UserError(f"{images} has no picture that can be read")
            items = ((key, Picture(source, name, key)) for key, name in names.items())
            extract(encoder, items, cache)
            path = Path(folder) / _FILES[self._settings.visual]
            status = [STATUS_CODES["ok"]] * len(names)
            assemble(path, encoder, list(names), cache, attrs, status)
            return names, Visual.read(path, self._settings.visual)

    def _encoder(self) -> tuple[Any, dict[str, Any]]:
        """The encoder of pictures, and what its file says beside the rows."""
        if self._settings.visual == "scenes":
            weights = Path(self._settings.scenes.weights) if self._settings.scenes.weights else None
            trunk = load_trunk(self._settings.scenes.encoder, weights)
            scenes = SceneEncoder(self._settings.scenes.encoder, trunk, self._device)
            return scenes, {"grid_shape": scenes.grid_shape}
        regions = load_region_encoder(self._settings.regions, self._device)
        return regions, {"class_names": json.dumps(list(regions.class_names))}

    def _require(self, found: Fingerprint) -> None:
        file = _FILES[self._settings.visual]
        require_agreement(file, self._settings.fingerprints[file], found, self._allow_rounding)
