"""Warnings about the corpus and the result."""

from collections.abc import Iterator, Mapping
from typing import Any

_FEW_PAIRS = 30
_LOW_COVERAGE = 0.8


def result_warnings(
    corpus: Mapping[str, Any], coverage: Mapping[str, Any] | None, metrics: Mapping[str, float]
) -> list[str]:
    """One sentence per warning, the most serious first; empty if there is none.

    corpus: content of corpus.json. coverage: of the word vectors, if they are used. metrics:
    content of metrics.json.
    """
    return [
        *_about_classes(metrics),
        *_about_result(metrics),
        *_about_splits(corpus),
        *_about_images(corpus["images"]),
        *_about_texts(corpus["texts"]),
        *_about_coverage(coverage),
    ]


def _about_classes(metrics: Mapping[str, float]) -> Iterator[str]:
    for name, f1 in metrics.items():
        if name.startswith("f1.") and f1 == 0:
            yield (
                f"No test pair of “{name.removeprefix('f1.')}” is recognised. If the class is rare,"
                " loss.classification=class_weighted and train.select_by=f1_macro may help."
            )


def _about_result(metrics: Mapping[str, float]) -> Iterator[str]:
    low = metrics.get("accuracy_low", metrics["accuracy"])
    for name, meaning in (
        ("majority_accuracy", "always predicting the most frequent relation"),
        ("image_only_accuracy", "using the image alone"),
        ("text_only_accuracy", "using the text alone"),
    ):
        if metrics.get(name, 0) >= low:
            yield (
                f"The 95 % interval of the accuracy does not exclude that of {meaning}"
                f" ({metrics[name]:.1%})."
            )
    if metrics.get("pointing_accuracy", 1) <= metrics.get("pointing_chance", 0):
        yield "Words attend to the objects they name no more often than a random region would."


def _about_splits(corpus: Mapping[str, Any]) -> Iterator[str]:
    for what in ("images", "texts"):
        for splits, count in corpus[what]["in_two_splits"].items():
            if count:
                one, other = splits.split("_")
                yield (
                    f"{_number(count, what[:-1])} in both {one} and {other}:"
                    " scores may be better than on new posts."
                )
    for label, count in corpus["pairs"]["test"].items():
        if label != "total" and count < _FEW_PAIRS:
            yield f"Only {_number(count, 'test pair')} of “{label}”: its scores are imprecise."


def _about_images(images: Mapping[str, Any]) -> Iterator[str]:
    bad = images["missing"] + images["unreadable"]
    if bad:
        reasons = "; ".join(images["first_reasons"])
        yield (
            f"{_number(bad, 'image')} of {images['files']:,} missing or unreadable; their pairs"
            f" are treated as having no regions. {reasons}"
        )


def _about_texts(texts: Mapping[str, Any]) -> Iterator[str]:
    if texts["empty"]:
        yield f"{_number(texts['empty'], 'text')} without any word."
    if texts["cut_at_max_words"]:
        yield f"{_number(texts['cut_at_max_words'], 'text')} cut at prepare.max_words."


def _about_coverage(coverage: Mapping[str, Any] | None) -> Iterator[str]:
    if coverage and coverage["tokens_known"] < _LOW_COVERAGE * coverage["tokens"]:
        words = ", ".join(word for word, _ in coverage["without"][:5])
        yield (
            f"Only {coverage['tokens_known'] / coverage['tokens']:.1%} of all words have a GloVe"
            f" vector; the most frequent without one: {words}."
        )


def _number(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
