"""Pairs of a painted scene and a text, their relation known because they were made for it.

Explicit: the text names objects that are seen. Implicit: it is of the scene's theme and mood, and
names nothing that is seen; some of these texts name things that the theme has and this picture has
not. Irrelevant: a text of either sort, written for a scene of another theme. As a text of any sort
appears with and without its theme's picture, neither side alone tells the relation.
"""

from collections.abc import Set
from dataclasses import dataclass
from random import Random

from PIL import Image

from pipeline.corpus.sample.captions import captions, keywords
from pipeline.corpus.sample.scenes import Scene, compose, paint
from pipeline.corpus.sample.themes import THEMES
from pipeline.corpus.sample.tweets import Tweet, feeling_tweet, naming_tweet
from pipeline.corpus.sample.wording import load_wording

# The shares of CCD (AnANet's Table II, all splits): explicit 6879, implicit 1286, irrelevant 4087.
LABEL_COUNTS = {"explicit": 6879, "implicit": 1286, "irrelevant": 4087}

_SHARE_OF_ABSENT = 0.3  # of implicit texts: those that name what the picture lacks


@dataclass(frozen=True)
class Plan:
    """What a pair is to be."""

    label: str
    style: str  # explicit or implicit: how the text relates to the scene it was written for


@dataclass(frozen=True)
class Pair:
    """A picture with a text, and all that is known of them."""

    image: Image.Image
    tweet: Tweet
    plan: Plan
    scene: Scene
    text_scene: Scene  # the scene that the text was written for
    captions: list[str]
    keywords: list[str]


def plan_pairs(rng: Random, count: int) -> list[Plan]:
    """As many plans in random order, in the shares of CCD; styles are shared out alike in all."""
    related = LABEL_COUNTS["explicit"] + LABEL_COUNTS["implicit"]
    total = related + LABEL_COUNTS["irrelevant"]
    labels = _apportion({label: number / total for label, number in LABEL_COUNTS.items()}, count)
    styles = ("explicit", "implicit")
    irrelevant = _apportion(
        {style: LABEL_COUNTS[style] / related for style in styles}, labels["irrelevant"]
    )
    plans = [Plan(style, style) for style in styles for _ in range(labels[style])]
    plans += [Plan("irrelevant", style) for style in styles for _ in range(irrelevant[style])]
    rng.shuffle(plans)
    return plans


def make_pair(rng: Random, split: str, plan: Plan, used_texts: Set[str]) -> Pair:
    """Paint a scene and write a text for it that none of the `used_texts` equals."""
    theme = rng.choice(list(THEMES))
    image, scene = paint(compose(rng, theme, THEMES[theme].kinds), rng)
    while True:
        text_scene, tweet = _write(rng, split, plan, scene)
        if tweet.text not in used_texts:
            break
    wording = load_wording(split)
    return Pair(
        image=image,
        tweet=tweet,
        plan=plan,
        scene=scene,
        text_scene=text_scene,
        captions=captions(rng, wording, scene),
        keywords=keywords(rng, wording, scene),
    )


def _write(rng: Random, split: str, plan: Plan, scene: Scene) -> tuple[Scene, Tweet]:
    wording = load_wording(split)
    if plan.label == "irrelevant":
        theme = rng.choice([other for other in THEMES if other != scene.theme])
        scene = compose(rng, theme, THEMES[theme].kinds)
    if plan.style == "explicit":
        return scene, naming_tweet(rng, wording, scene, place=True)
    if rng.random() >= _SHARE_OF_ABSENT:
        return scene, feeling_tweet(rng, wording, scene)
    unseen = [kind for kind in THEMES[scene.theme].kinds if kind not in scene.kinds]
    elsewhere = compose(rng, scene.theme, unseen, scene.mood)
    return elsewhere, naming_tweet(rng, wording, elsewhere, place=False)


def _apportion(shares: dict[str, float], count: int) -> dict[str, int]:
    """Whole numbers that add up to `count`, those with the largest remainders rounded up."""
    counts = {name: int(share * count) for name, share in shares.items()}
    remainders = sorted(shares, key=lambda name: counts[name] - shares[name] * count)
    for name in remainders[: count - sum(counts.values())]:
        counts[name] += 1
    return counts
