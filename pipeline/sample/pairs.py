"""Pairs of a painted scene and a text with a known relation.

Explicit: the text names visible objects. Implicit: it shares the scene's theme and mood and names
nothing visible; some of these texts name objects of the theme that this image lacks. Irrelevant: a
text of either style, written for a scene of another theme. As texts of both styles occur with and
without an image of their theme, neither image nor text alone gives the relation away.
"""

from collections.abc import Set
from dataclasses import dataclass
from random import Random

from PIL import Image

from pipeline.sample.captions import captions, keywords
from pipeline.sample.scenes import Scene, compose, paint
from pipeline.sample.themes import THEMES
from pipeline.sample.tweets import Tweet, feeling_tweet, naming_tweet
from pipeline.sample.wording import load_wording

# The shares of CCD (AnANet's Table II, all splits): explicit 6879, implicit 1286, irrelevant 4087.
LABEL_COUNTS = {"explicit": 6879, "implicit": 1286, "irrelevant": 4087}

_ABSENT_SHARE = 0.3  # of implicit texts that name objects which the image lacks


@dataclass(frozen=True)
class Plan:
    """The label and style of a pair."""

    label: str
    style: str  # explicit or implicit: how the text relates to the scene it was written for


@dataclass(frozen=True)
class Pair:
    """An image with a text, and the ground truth of both."""

    image: Image.Image
    tweet: Tweet
    plan: Plan
    scene: Scene
    text_scene: Scene  # the scene that the text was written for
    captions: list[str]
    keywords: list[str]


def plan_pairs(rng: Random, count: int) -> list[Plan]:
    """Plans in random order, with the label shares of CCD and equal style shares."""
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
    """Paint a scene and write a text for it that is not in `used_texts`."""
    theme = rng.choice(list(THEMES))
    image, scene = paint(compose(rng, theme, THEMES[theme].object_types), rng)
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
        scene = compose(rng, theme, THEMES[theme].object_types)
    if plan.style == "explicit":
        return scene, naming_tweet(rng, wording, scene, place=True)
    if rng.random() >= _ABSENT_SHARE:
        return scene, feeling_tweet(rng, wording, scene)
    absent = [name for name in THEMES[scene.theme].object_types if name not in scene.object_types]
    other_scene = compose(rng, scene.theme, absent, scene.mood)
    return other_scene, naming_tweet(rng, wording, other_scene, place=False)


def _apportion(shares: dict[str, float], count: int) -> dict[str, int]:
    """Whole numbers that add up to `count`, by largest remainder."""
    counts = {name: int(share * count) for name, share in shares.items()}
    remainders = sorted(shares, key=lambda name: counts[name] - shares[name] * count)
    for name in remainders[: count - sum(counts.values())]:
        counts[name] += 1
    return counts
