"""A trained model and its encoders: posts in, predictions out."""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import torch
from tqdm import tqdm

from pipeline.corpus.text_keys import EMPTY_TEXT, text_key
from pipeline.corpus.tweets import tokenize
from pipeline.device import resolve_device
from pipeline.errors import UserError
from pipeline.features.store import BertFeatures, GloveFeatures, RegionFeatures
from pipeline.models.ananet import AnANet
from pipeline.prediction.encoders import Encoders
from pipeline.prediction.posts import Post
from pipeline.training.data import PairFeatures
from pipeline.training.encoders import EncoderSettings, digest
from pipeline.training.judgement import Judgement, judge_pairs

# Posts whose regions are in memory at the same time, 74 KB each with the default encoders.
_POSTS = 256
_LINKS = 5
_DIGITS = 6
_SPLIT = "new"


@dataclass(frozen=True)
class Link:
    """A word and the region that it looks at most.

    position: of the word in `words`. box: x1, y1, x2, y2 in pixels of the upright picture. object:
    the detector's name for it. weight: of the region in the word's attention, from 0 to 1.
    """

    word: str
    position: int
    region: int
    object: str
    box: tuple[float, float, float, float]
    weight: float


@dataclass(frozen=True)
class Prediction:
    """What a model says about a post.

    words: the text as the model read it. picture: ok | missing | unreadable; unless it is ok, the
    text was judged without any region. streams: the probabilities that each stream's vote alone
    would give. links: the strongest first.
    """

    id: str
    relation: str
    probabilities: dict[str, float]
    streams: dict[str, dict[str, float]]
    links: list[Link]
    words: list[str]
    picture: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """A line of predictions.jsonl, with numbers rounded."""
        return {name: _rounded(value) for name, value in asdict(self).items() if value != ""}


@dataclass(frozen=True)
class Seen:
    """A prediction with all that the model saw and looked at.

    regions: of the posts judged together; `row` is this post's picture in them.
    """

    prediction: Prediction
    judgement: Judgement
    regions: RegionFeatures
    row: int


class Predictor:
    """Judges posts with a trained AnANet, reading them with the encoders of its training."""

    def __init__(self, model: AnANet, settings: EncoderSettings, encoders: Encoders) -> None:
        self.labels = model.config.labels
        self._model, self._settings, self._encoders = model, settings, encoders

    @classmethod
    def from_pretrained(
        cls, folder: Path, device: str = "auto", allow_rounding: bool = False
    ) -> Self:
        """Load a model's folder and the encoders it names.

        Args:
            device: auto | cpu | cuda | cuda:N.
            allow_rounding: accept encoders that differ from those of the training by device and
                library versions alone, and with them features that differ by rounding.

        Raises:
            UserError: a file is missing or damaged, or an encoder is not there or another one.
        """
        model = AnANet.from_pretrained(folder)
        settings = EncoderSettings.load(folder)
        digests = {name: digest(value) for name, value in settings.fingerprints.items()}
        if digests != model.config.encoders:
            raise UserError(
                f"{folder}: encoders.json has the fingerprints {digests}, but config.json says"
                f" {model.config.encoders}; these files do not belong together"
            )
        target = resolve_device(device)
        return cls(model.to(target), settings, Encoders(settings, target, allow_rounding))

    def predict(self, posts: Sequence[Post]) -> Iterator[Prediction]:
        """Yield each post's prediction, in order; rows that the cache lacks are computed first."""
        for seen in self.look(posts):
            yield seen.prediction

    def look(self, posts: Sequence[Post]) -> Iterator[Seen]:
        """Like `predict`, with all that the model looked at.

        Raises:
            UserError: an encoder differs from that of the training.
        """
        words = [self._words(post.text) for post in posts]
        keys = [text_key(text) for text in words]
        self._encoders.compute_regions(posts)
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            vectors = self._encoders.read_words(dict(zip(keys, words, strict=True)), folder)
            with tqdm(total=len(posts), desc="predict", unit="post", disable=len(posts) < 2) as bar:
                for start in range(0, len(posts), _POSTS):
                    part = slice(start, start + _POSTS)
                    regions = self._encoders.read_regions(posts[part], folder)
                    yield from self._judge(posts[part], words[part], keys[part], regions, vectors)
                    bar.update(len(posts[part]))

    def _words(self, text: str) -> list[str]:
        words = tokenize(text, self._settings.tokenizer)
        return words[: self._model.config.max_words] or EMPTY_TEXT

    def _judge(
        self,
        posts: Sequence[Post],
        words: Sequence[list[str]],
        keys: Sequence[str],
        regions: RegionFeatures,
        vectors: Sequence[GloveFeatures | BertFeatures],
    ) -> Iterator[Seen]:
        config = self._model.config
        pairs = pd.DataFrame(
            {
                "id": [post.id for post in posts],
                "split": _SPLIT,
                "image_key": [post.key for post in posts],
                "text_key": keys,
            }
        )
        device = next(self._model.parameters()).device
        features = PairFeatures(pairs, self.labels, regions, vectors, config.model.region_order)
        judged = judge_pairs(self._model, features.to(device), features.rows(_SPLIT))
        rows = regions.index(pairs["image_key"].tolist()).tolist()
        for post, text, judgement, row in zip(posts, words, judged, rows, strict=True):
            prediction = self._prediction(post, text, judgement, regions, row)
            yield Seen(prediction, judgement, regions, row)

    def _prediction(
        self, post: Post, words: list[str], judgement: Judgement, regions: RegionFeatures, row: int
    ) -> Prediction:
        return Prediction(
            id=post.id,
            relation=self.labels[judgement.predicted],
            probabilities=self._by_label(judgement.probabilities),
            streams={name: self._by_label(vote) for name, vote in judgement.streams.items()},
            links=strongest_links(words, judgement, regions, row),
            words=words,
            picture=post.status,
            reason=post.reason,
        )

    def _by_label(self, values: Iterable[torch.Tensor]) -> dict[str, float]:
        return {label: float(value) for label, value in zip(self.labels, values, strict=True)}


def strongest_links(
    words: Sequence[str], judgement: Judgement, regions: RegionFeatures, row: int
) -> list[Link]:
    """Each word with its strongest region, and of these the links with the largest weights."""
    if judgement.links is None or not regions.mask[row].any():
        return []
    weights, strongest = judgement.links.A_v2t, judgement.links.strongest().tolist()
    links = [
        Link(
            word=word,
            position=place,
            region=region,
            object=regions.class_names[regions.classes[row, region]],
            box=tuple(regions.boxes[row, region].tolist()),
            weight=float(weights[place, region]),
        )
        for place, (word, region) in enumerate(zip(words, strongest, strict=True))
    ]
    return sorted(links, key=lambda link: -link.weight)[:_LINKS]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, _DIGITS)
    if isinstance(value, dict):
        return {name: _rounded(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(inner) for inner in value]
    return value
