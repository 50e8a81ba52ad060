"""The encoders that a search model was trained with, for new queries and images."""

import json
import logging
from collections.abc import Sequence
from pathlib import Path

import torch

from pipeline.corpus.checks.image_check import CheckedImage, check_files
from pipeline.encoders.glove.glove import embed_glove
from pipeline.encoders.regions.choice import load_region_encoder
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.assemble import collect
from pipeline.encoders.rows.cache import RowCache, cache_root
from pipeline.encoders.rows.encoder import identity
from pipeline.encoders.rows.extract import extract
from pipeline.encoders.scenes.encoder import SceneEncoder, load_scene_encoder
from pipeline.errors import UserError, printable
from pipeline.faults import list_faults
from pipeline.features.store import OK, RegionFeatures, SceneFeatures
from pipeline.features.texts import text_key
from pipeline.features.vectors import WordVectors
from pipeline.files import Fingerprint
from pipeline.images.source import ImageSource, StoredImage
from pipeline.search.data.settings import SearchEncoders
from pipeline.search.features.visual import Visual
from pipeline.search.mining.queries import query_words

_FILES = {"regions": "regions.h5", "scenes": "scenes.h5"}

logger = logging.getLogger(__name__)


class Encoders:
    """Encodes queries and images as in training; the fingerprints of encoders must agree."""

    def __init__(
        self, settings: SearchEncoders, device: torch.device, allow_rounding: bool = False
    ) -> None:
        """allow_rounding: accept another device and other library versions than in training."""
        self._settings, self._device, self._allow_rounding = settings, device, allow_rounding

    def read_queries(self, queries: Sequence[str]) -> WordVectors:
        """The word vectors of queries, in their order.

        Raises:
            UserError: the word vectors are missing, or others than in training.
        """
        words = {text_key([text]): query_words(text, self._settings.prepare) for text in queries}
        source = self._settings.glove
        glove, _ = embed_glove(Path("glove.h5"), words, source.vectors, source.oov)
        self._settings.require_agreement("glove.h5", glove.fingerprint, allow_rounding=False)
        return WordVectors([text_key([text]) for text in queries], [glove])

    def read_file(self, path: Path) -> Visual:
        """The images of a feature file.

        Raises:
            UserError: it is not a file of the kind that the model reads, or from another encoder.
        """
        visual = Visual.read(path, self._settings.visual)
        self._require(visual.features.fingerprint)
        return visual

    def read_images(self, images: Path) -> tuple[dict[str, str], Visual]:
        """The readable images of a folder or archive: names by key, and their features.

        Cached rows are not computed again. What cannot be read is logged.

        Raises:
            UserError: there is no image, or the encoder is another one than in training.
        """
        encoder = self._encoder()
        self._require(json.loads(identity(encoder)))
        cache = RowCache(cache_root(), encoder)
        with ImageSource.open(images) as source:
            limit = self._settings.prepare.max_pixels
            checked = check_files(source, source.names(), limit).values()
            _report_bad(images, list(checked))
            names = {each.key: each.name for each in reversed(checked) if each.status == "ok"}
            if not names:
                raise UserError(f"{images} has no image that can be read")
            items = ((key, StoredImage(source, name, key)) for key, name in names.items())
            extract(encoder, items, cache)
        path = Path(_FILES[self._settings.visual])
        rows = collect(path, encoder, list(names), cache, [OK] * len(names))
        if isinstance(encoder, SceneEncoder):
            return names, Visual.of(SceneFeatures(**rows, grid_shape=encoder.grid_shape))
        return names, Visual.of(RegionFeatures(**rows, class_names=list(encoder.class_names)))

    def _encoder(self) -> RegionEncoder | SceneEncoder:
        if self._settings.visual == "scenes":
            return load_scene_encoder(self._settings.scenes, self._device)
        return load_region_encoder(self._settings.regions, self._device)

    def _require(self, found: Fingerprint) -> None:
        file = _FILES[self._settings.visual]
        self._settings.require_agreement(file, found, self._allow_rounding)


def _report_bad(images: Path, checked: Sequence[CheckedImage]) -> None:
    if bad := [f"{each.name!r}: {each.reason}" for each in checked if each.status != "ok"]:
        title = f"{images}: files that are left out, of {len(checked)}"
        logger.warning("%s", printable(list_faults(title, bad)))
