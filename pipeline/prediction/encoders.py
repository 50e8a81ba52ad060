"""A trained model's encoders, rebuilt for new posts."""

from collections.abc import Iterable
from json import loads
from pathlib import Path
from typing import Any

import torch

from pipeline.encoders.bert.encoder import BertEncoder, embed_bert, load_bert
from pipeline.encoders.glove.glove import embed_glove
from pipeline.encoders.regions.choice import load_region_encoder
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.assemble import collect
from pipeline.encoders.rows.cache import RowCache, cache_root
from pipeline.encoders.rows.encoder import identity
from pipeline.encoders.rows.extract import extract
from pipeline.encoders.scenes.encoder import SceneEncoder, load_scene_encoder
from pipeline.features.store import (
    STATUS_CODES,
    BertFeatures,
    GloveFeatures,
    RegionFeatures,
    SceneFeatures,
)
from pipeline.features.texts import Texts
from pipeline.files import Fingerprint
from pipeline.models.saved import AnANetEncoders
from pipeline.prediction.posts import Post


class Encoders:
    """Regions and scenes of images and vectors of words, computed as in training."""

    def __init__(
        self, settings: AnANetEncoders, device: torch.device, allow_rounding: bool = False
    ) -> None:
        """Load the encoders that the settings name, and check their fingerprints.

        allow_rounding: accept another device and other library versions than in training.

        Raises:
            UserError: an encoder cannot be loaded, or differs from that of the training.
        """
        self._settings, self._allow_rounding = settings, allow_rounding
        self._regions = load_region_encoder(settings.regions, device)
        self._check("regions.h5", loads(identity(self._regions)))
        self._scenes = self._load_scenes(device) if "scenes.h5" in settings.fingerprints else None
        encoders = [encoder for encoder in (self._regions, self._scenes) if encoder]
        self._caches = {encoder: RowCache(cache_root(), encoder) for encoder in encoders}
        self._bert = self._load_bert(device) if "bert.h5" in settings.fingerprints else None

    def _load_scenes(self, device: torch.device) -> SceneEncoder:
        encoder = load_scene_encoder(self._settings.scenes, device)
        self._check("scenes.h5", loads(identity(encoder)))
        return encoder

    def _load_bert(self, device: torch.device) -> BertEncoder:
        bert = self._settings.bert
        encoder = load_bert(bert.model, bert.revision, bert.layer, bert.merge, device)
        self._check("bert.h5", loads(identity(encoder)))
        return encoder

    def compute_images(self, posts: Iterable[Post]) -> None:
        """Compute the images' rows that the cache does not have.

        Raises:
            UserError: the cache cannot be written.
        """
        items = {post.key: post.image for post in posts if post.status == "ok"}
        for encoder, cache in self._caches.items():
            extract(encoder, items.items(), cache)

    def read_regions(self, posts: Iterable[Post]) -> RegionFeatures:
        """The regions of the posts' images, from the row cache."""
        rows = self._collect("regions.h5", self._regions, posts)
        return RegionFeatures(**rows, class_names=list(self._regions.class_names))

    def read_scenes(self, posts: Iterable[Post]) -> SceneFeatures | None:
        """The scenes of the posts' images, from the row cache; None if the model reads none."""
        if self._scenes is None:
            return None
        rows = self._collect("scenes.h5", self._scenes, posts)
        return SceneFeatures(**rows, grid_shape=self._scenes.grid_shape)

    def _collect(
        self, file: str, encoder: RegionEncoder | SceneEncoder, posts: Iterable[Post]
    ) -> dict[str, Any]:
        status = {post.key: STATUS_CODES[post.status] for post in posts}
        cache = self._caches[encoder]
        return collect(Path(file), encoder, list(status), cache, list(status.values()))

    def read_words(self, texts: Texts) -> list[GloveFeatures | BertFeatures]:
        """The word vectors of texts, in the order of concatenation.

        Raises:
            UserError: an encoder differs from that of the training.
        """
        files: list[GloveFeatures | BertFeatures] = []
        if "glove.h5" in self._settings.fingerprints:
            glove = self._settings.glove
            found, _ = embed_glove(Path("glove.h5"), texts, glove.vectors, glove.oov)
            self._check("glove.h5", found.fingerprint)
            files.append(found)
        if self._bert:
            files.append(embed_bert(Path("bert.h5"), self._bert, texts))
        return files

    def _check(self, file: str, found: Fingerprint) -> None:
        self._settings.require_agreement(file, found, self._allow_rounding)
