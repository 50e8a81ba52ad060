"""The encoders that a model was trained with, built again for new posts."""

from collections.abc import Iterable, Iterator, Mapping
from json import dumps, loads
from pathlib import Path
from typing import Any

import torch

from pipeline.errors import UserError
from pipeline.features.assemble import assemble
from pipeline.features.bert import BertEncoder, load_bert, write_bert
from pipeline.features.detectors import Detector, load_detector
from pipeline.features.encoder import identity
from pipeline.features.extract import extract
from pipeline.features.glove import write_glove
from pipeline.features.regions import RegionEncoder
from pipeline.features.rows import RowCache, cache_root
from pipeline.features.store import STATUS_CODES, BertFeatures, GloveFeatures, RegionFeatures
from pipeline.features.texts import Texts
from pipeline.params import RegionParams
from pipeline.prediction.posts import Post
from pipeline.training.encoders import EncoderSettings, Fingerprint, digest

# What may differ without another model, picture size or choice of regions being at work.
_ROUNDING = {
    "batch_size",
    "arithmetic",
    "attention",
    "pillow",
    "torch",
    "torchvision",
    "transformers",
    "tokenizers",
}
_SHOWN = 5


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
        detector = load_detector(
            settings.regions.detector,
            Path(settings.regions.weights) if settings.regions.weights else None,
        )
        self._class_names = list(detector.class_names)
        self._regions = _region_encoder(settings.regions, detector, device)
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
        trained = self._settings.fingerprints[file]
        different = dict(_differences(trained, found))
        if self._allow_rounding:
            different = {k: v for k, v in different.items() if not _ROUNDING & set(k.split("."))}
        if different:
            raise UserError(_refusal(file, trained, found, different))


def _region_encoder(
    params: RegionParams, detector: Detector, device: torch.device
) -> RegionEncoder:
    return RegionEncoder(
        params.detector, detector, params.count, device, params.input, params.select
    )


def _differences(one: Any, other: Any, key: str = "") -> Iterator[tuple[str, tuple[Any, Any]]]:
    """Yield (dotted key, both values) of every leaf in which two fingerprints differ."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for name in sorted(one.keys() | other.keys()):
            inner = f"{key}.{name}" if key else name
            yield from _differences(one.get(name), other.get(name), inner)
    elif one != other:
        yield key, (one, other)


def _refusal(
    file: str, trained: Fingerprint, found: Fingerprint, different: Mapping[str, tuple[Any, Any]]
) -> str:
    lines = [f"  {key}: {one!r}, here {here!r}" for key, (one, here) in different.items()]
    if len(lines) > _SHOWN:
        lines[_SHOWN:] = [f"  and {len(lines) - _SHOWN} more"]
    advice = "use the same encoder, or train again"
    if all(_ROUNDING & set(key.split(".")) for key in different):
        advice += "; or, as only device and library versions differ, allow rounding"
    head = (
        f"the model was trained with {file} of encoder {digest(trained)}, but the encoder at hand"
        f" is {digest(found)}. In training:"
    )
    return "\n".join([head, *lines, advice])
