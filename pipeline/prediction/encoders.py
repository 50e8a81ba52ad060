"""The encoders that a model was trained with, built again for new posts."""

from collections.abc import Iterable
from json import dumps, loads
from pathlib import Path

import torch

from pipeline.features.assemble import assemble
from pipeline.features.bert import BertEncoder, load_bert, write_bert
from pipeline.features.encoder import identity
from pipeline.features.extract import extract
from pipeline.features.glove import write_glove
from pipeline.features.region_encoders import load_region_encoder
from pipeline.features.rows import RowCache, cache_root
from pipeline.features.store import STATUS_CODES, BertFeatures, GloveFeatures, RegionFeatures
from pipeline.features.texts import Texts
from pipeline.prediction.agreement import require_agreement
from pipeline.prediction.posts import Post
from pipeline.training.encoders import EncoderSettings, Fingerprint


class Encoders:
    """Regions of pictures and vectors of words, as a model's inputs were made."""

    def __init__(
        self, settings: EncoderSettings, device: torch.device, allow_rounding: bool = False
    ) -> None:
        """Load what the settings name, and hold it against the fingerprints they come with.

        allow_rounding: accept another device and other library versions than in training.

        Raises:
            UserError: an encoder cannot be had, or is another one than in training.
        """
        self._settings, self._allow_rounding = settings, allow_rounding
        self._regions = load_region_encoder(settings.regions, device)
        self._class_names = list(self._regions.class_names)
        self._check("regions.h5", loads(identity(self._regions)))
        self._cache = RowCache(cache_root(), self._regions)
        self._bert: BertEncoder | None = None
        if "bert.h5" in settings.fingerprints:
            bert = settings.bert
            self._bert = load_bert(bert.model, bert.revision, bert.layer, bert.merge, device)
            self._check("bert.h5", loads(identity(self._bert)))

    def compute_regions(self, posts: Iterable[Post]) -> None:
        """Fill the row cache with the pictures that it lacks."""
        items = {post.key: post.picture for post in posts if post.status == "ok"}
        extract(self._regions, items.items(), self._cache)

    def read_regions(self, posts: Iterable[Post], folder: Path) -> RegionFeatures:
        """The regions of the posts' pictures, from the row cache."""
        status = {post.key: STATUS_CODES[post.status] for post in posts}
        path = folder / "regions.h5"
        attrs = {"class_names": dumps(self._class_names)}
        assemble(path, self._regions, list(status), self._cache, attrs, list(status.values()))
        return RegionFeatures.read(path)

    def read_words(self, texts: Texts, folder: Path) -> list[GloveFeatures | BertFeatures]:
        """The word vectors of texts, in the order in which the model takes them."""
        files: list[GloveFeatures | BertFeatures] = []
        if "glove.h5" in self._settings.fingerprints:
            glove = self._settings.glove
            write_glove(folder / "glove.h5", texts, glove.vectors, glove.oov)
            files.append(GloveFeatures.read(folder / "glove.h5"))
            self._check("glove.h5", files[0].fingerprint)
        if self._bert:
            write_bert(folder / "bert.h5", self._bert, texts)
            files.append(BertFeatures.read(folder / "bert.h5"))
        return files

    def _check(self, file: str, found: Fingerprint) -> None:
        require_agreement(file, self._settings.fingerprints[file], found, self._allow_rounding)
