"""Predictions for posts by a trained model and its encoders."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
from tqdm import tqdm

from pipeline.core.device import resolve_device
from pipeline.dataset.arrays import FeatureFiles
from pipeline.dataset.pairs import PairFeatures
from pipeline.features.store import BertFeatures, GloveFeatures, RegionFeatures
from pipeline.features.texts import EMPTY_TEXT, text_key
from pipeline.metrics.pair_outputs import PairOutput
from pipeline.metrics.pair_predictions import predict_pairs
from pipeline.models.ananet import AnANet
from pipeline.models.saved import AnANetEncoders
from pipeline.prediction.encoders import Encoders
from pipeline.prediction.places import locate
from pipeline.prediction.posts import AnyPost, Post, as_posts, frame_posts
from pipeline.tokenizers.tokenize import tokenize

# Posts per batch; their regions take 74 KB each with the default encoders, their scenes 34 KB.
_POSTS = 256
_LINKS = 5
_DIGITS = 6
_SPLIT = "new"


@dataclass(frozen=True)
class Link:
    """A word and the region with its largest attention weight.

    position: of the word in `words`. box: x1, y1, x2, y2 in pixels of the upright image. object:
    the detector's class name. weight: from 0 to 1; with `model.scenes`, the scene has a share too.
    """

    word: str
    position: int
    region: int
    object: str
    box: tuple[float, float, float, float]
    weight: float


@dataclass(frozen=True)
class Prediction:
    """A model's prediction for a post.

    words: the text's tokens. image: ok | missing | unreadable; unless it is ok, the model had no
    regions. streams: the probabilities of each stream alone. links: the strongest first.
    """

    id: str
    relation: str
    probabilities: dict[str, float]
    streams: dict[str, dict[str, float]]
    links: list[Link]
    words: list[str]
    image: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """A line of predictions.jsonl, with rounded numbers."""
        return {name: _rounded(value) for name, value in asdict(self).items() if value != ""}

    def as_line(self) -> dict[str, Any]:
        """A line of a table, see `Predictor.predict_frame`."""
        return {
            "relation": self.relation,
            **{f"p_{label}": value for label, value in self.probabilities.items()},
            **{name: max(votes, key=votes.__getitem__) for name, votes in self.streams.items()},
            "status": self.image,
            "reason": self.reason,
        }


@dataclass(frozen=True)
class Inspection:
    """A prediction with the model's output.

    regions: of the post's batch; `row` is its image's row.
    """

    prediction: Prediction
    output: PairOutput
    regions: RegionFeatures
    row: int


class Predictor:
    """Classifies posts with a trained AnANet and the encoders of its training."""

    def __init__(self, model: AnANet, settings: AnANetEncoders, encoders: Encoders) -> None:
        self.labels = model.config.labels
        self._model, self._settings, self._encoders = model, settings, encoders

    @classmethod
    def from_pretrained(
        cls, folder: str | Path, device: str = "auto", allow_rounding: bool = False
    ) -> Self:
        """Load a model's folder and the encoders it names, from any working folder.

        device: auto | cpu | cuda | cuda:N. allow_rounding: accept encoders that differ from the
        training's by device and library versions only, so that features may differ by rounding.

        Raises:
            UserError: a file is missing or damaged, or an encoder is missing or differs.
        """
        folder = Path(folder)
        model = AnANet.from_pretrained(folder)
        settings = locate(AnANetEncoders.load(folder, model.config.encoders), folder)
        target = resolve_device(device)
        return cls(model.to(target), settings, Encoders(settings, target, allow_rounding))

    def predict(self, posts: Iterable[AnyPost]) -> Iterator[Prediction]:
        """Yield each post's prediction, in order; computes missing rows of the cache first.

        posts: posts, or pairs of an image (path, bytes or Pillow image) and a text.

        Raises:
            UserError: an image of a pair cannot be used, or an encoder differs from that of the
                training.
        """
        for inspection in self.inspect(posts):
            yield inspection.prediction

    def predict_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The predictions for a table with columns `image` (as for `predict`) and `text`.

        Returns: a row per row, with its index: `relation`, `p_<label>` for each label, the relation
        that each stream alone votes for, `status` (ok | missing | unreadable) of the image, and
        `reason`.

        Raises:
            UserError: a column is missing or repeated, or an encoder differs from that of the
                training.
        """
        lines = [found.as_line() for found in self.predict(frame_posts(frame))]
        return pd.DataFrame(lines, frame.index)

    def inspect(self, posts: Iterable[AnyPost]) -> Iterator[Inspection]:
        """Like `predict`, with the model's output.

        Raises:
            UserError: as `predict`.
        """
        posts = as_posts(posts)
        words = [self._words(post.text) for post in posts]
        self._encoders.compute_images(posts)
        vectors = self._encoders.read_words({text_key(text): text for text in words})
        with tqdm(total=len(posts), desc="predict", unit="post", disable=len(posts) < 2) as bar:
            for start in range(0, len(posts), _POSTS):
                part = slice(start, start + _POSTS)
                yield from self._inspect_batch(posts[part], words[part], vectors)
                bar.update(len(posts[part]))

    def _words(self, text: str) -> list[str]:
        words = tokenize(text, self._settings.tokenizer)
        return words[: self._model.config.max_words] or EMPTY_TEXT

    def _inspect_batch(
        self,
        posts: Sequence[Post],
        words: Sequence[list[str]],
        vectors: Sequence[GloveFeatures | BertFeatures],
    ) -> Iterator[Inspection]:
        order, names = self._model.config.model.region_order, self._model.features()
        regions = self._encoders.read_regions(posts)
        files = FeatureFiles(vectors, regions, self._encoders.read_scenes(posts))
        features = PairFeatures.join(_pairs(posts, words), self.labels, files, order, names)
        features.to(next(self._model.parameters()).device)
        outputs = predict_pairs(self._model, features, features.rows(_SPLIT))
        rows = regions.index(features.image_keys).tolist()
        for post, text, output, row in zip(posts, words, outputs, rows, strict=True):
            links = strongest_links(text, output, regions, row)
            yield Inspection(self._prediction(post, text, output, links), output, regions, row)

    def _prediction(
        self, post: Post, words: list[str], output: PairOutput, links: list[Link]
    ) -> Prediction:
        def by_label(values: Iterable[float]) -> dict[str, float]:
            return dict(zip(self.labels, map(float, values), strict=True))

        return Prediction(
            id=post.id,
            relation=self.labels[output.predicted],
            probabilities=by_label(output.probabilities),
            streams={name: by_label(stream) for name, stream in output.streams.items()},
            links=links,
            words=words,
            image=post.status,
            reason=post.reason,
        )


def _pairs(posts: Sequence[Post], words: Sequence[list[str]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [post.id for post in posts],
            "split": _SPLIT,
            "image_key": [post.key for post in posts],
            "text_key": [text_key(text) for text in words],
        }
    )


def strongest_links(
    words: Sequence[str], output: PairOutput, regions: RegionFeatures, row: int
) -> list[Link]:
    """The words with the largest weights, each with its strongest region."""
    if output.attention is None or not regions.mask[row].any():
        return []
    weights, strongest = output.attention.A_v2t, output.attention.strongest().tolist()
    found = zip(words, strongest, weights, strict=True)
    links = [
        _link(regions, row, word, place, region, float(over_regions[region]))
        for place, (word, region, over_regions) in enumerate(found)
    ]
    return sorted(links, key=lambda link: -link.weight)[:_LINKS]


def _link(
    regions: RegionFeatures, row: int, word: str, position: int, region: int, weight: float
) -> Link:
    name = regions.class_names[regions.classes[row, region]]
    return Link(word, position, region, name, tuple(regions.boxes[row, region].tolist()), weight)


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
