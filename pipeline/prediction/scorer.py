"""How well the image and the text of a post fit, by pretrained encoders alone."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

import pandas as pd
import torch
from tqdm import tqdm

from pipeline.core.device import resolve_device
from pipeline.dataset.arrays import FeatureFiles, PairArrays
from pipeline.dataset.reading import ananet_names
from pipeline.features.texts import EMPTY_TEXT, text_key
from pipeline.finite import require_finite_outputs
from pipeline.models.ananet_matcher import AnANetMatcher
from pipeline.models.classifier import TEXT_NAMES
from pipeline.models.saved import AnANetEncoders
from pipeline.prediction.encoders import Encoders
from pipeline.prediction.places import locate
from pipeline.prediction.posts import AnyPost, Post, as_posts, frame_posts
from pipeline.tokenizers.tokenize import tokenize

# Posts per batch.
_POSTS = 256
_DIGITS = 4


@dataclass(frozen=True)
class Score:
    """How well a post's image and text fit.

    score: the sum of the similarities. percentile: of images and texts that do not belong
    together, the percentage that fit worse. image: ok | missing | unreadable; unless it is ok, the
    score says nothing.
    """

    id: str
    score: float
    percentile: int
    similarities: dict[str, float]
    image: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        """A line of scores.jsonl."""
        return {name: value for name, value in asdict(self).items() if value != ""}

    def as_line(self) -> dict[str, Any]:
        """A line of a table, see `Scorer.score_frame`."""
        return {
            "score": self.score,
            "percentile": self.percentile,
            **{f"similarity_{name}": value for name, value in self.similarities.items()},
            "status": self.image,
            "reason": self.reason,
        }


class Scorer:
    """Scores posts with pretrained encoders, which have seen no label."""

    def __init__(
        self, matcher: AnANetMatcher, settings: AnANetEncoders, encoders: Encoders
    ) -> None:
        self._matcher, self._settings, self._encoders = matcher, settings, encoders

    @classmethod
    def from_pretrained(cls, folder: str | Path, device: str = "auto") -> Self:
        """Load pretrained encoders, and those of images and words below them.

        It works from any working folder. Device and library versions may differ from those of the
        training.

        device: auto | cpu | cuda | cuda:N.

        Raises:
            UserError: a file is missing or damaged, or an encoder is missing or differs.
        """
        folder = Path(folder)
        matcher = AnANetMatcher.from_pretrained(folder)
        settings = locate(AnANetEncoders.load(folder, matcher.config.encoders), folder)
        target = resolve_device(device)
        return cls(matcher.to(target), settings, Encoders(settings, target, allow_rounding=True))

    def score(self, posts: Iterable[AnyPost]) -> Iterator[Score]:
        """Yield each post's score, in order; computes missing rows of the cache first.

        posts: posts, or pairs of an image (path, bytes or Pillow image) and a text.

        Raises:
            UserError: an image of a pair cannot be used, an encoder differs from that of the
                training, or a score is not finite.
        """
        posts = as_posts(posts)
        words = [tokenize(post.text, self._settings.tokenizer) or EMPTY_TEXT for post in posts]
        self._encoders.compute_images(posts)
        vectors = self._encoders.read_words({text_key(text): text for text in words})
        with tqdm(total=len(posts), desc="score", unit="post", disable=len(posts) < 2) as bar:
            for start in range(0, len(posts), _POSTS):
                part = slice(start, start + _POSTS)
                regions = self._encoders.read_regions(posts[part])
                files = FeatureFiles(vectors, regions, self._encoders.read_scenes(posts[part]))
                keys = [text_key(text) for text in words[part]]
                yield from self._score_batch(posts[part], keys, files)
                bar.update(len(posts[part]))

    def score_frame(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The scores of a table with columns `image` (as for `score`) and `text`.

        Returns: a row per row, with its index: `score`, `percentile`, `similarity_<name>` for each
        similarity, `status` (ok | missing | unreadable) of the image, and `reason`.

        Raises:
            UserError: a column is missing or repeated, or an encoder differs from that of the
                training.
        """
        lines = [found.as_line() for found in self.score(frame_posts(frame))]
        return pd.DataFrame(lines, frame.index)

    @torch.inference_mode()
    def _score_batch(
        self, posts: Sequence[Post], keys: list[str], files: FeatureFiles
    ) -> Iterator[Score]:
        matcher, model = self._matcher, self._matcher.config.model
        image_keys, names = [post.key for post in posts], ananet_names(model)
        arrays = PairArrays(image_keys, keys, files, model.region_order, names)
        inputs = arrays.to(matcher.unmatched.device).gather(arrays.all_rows)
        texts = matcher.encode_texts(*(inputs.pop(name) for name in TEXT_NAMES))
        images = matcher.encode_images(**inputs)
        found = matcher.pair_similarities(images, texts).T  # (B, 3)
        require_finite_outputs(found.cpu().numpy(), [post.id for post in posts])
        sums = found.sum(1)  # (B,)
        percentiles = matcher.percentile(sums).tolist()
        for post, row, percentile in zip(posts, found.tolist(), percentiles, strict=True):
            named = zip(matcher.names, row, strict=True)
            parts = {name: round(value, _DIGITS) for name, value in named}
            total = round(sum(row), _DIGITS)
            yield Score(post.id, total, percentile, parts, post.status, post.reason)
