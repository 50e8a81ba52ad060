"""The worst confusions, and the pairs that were most surely wrong."""

import pandas as pd
from PIL import Image

from pipeline.report.confusions import worst_confusions

LABELS = ["no", "maybe", "yes"]


def predictions(rows: list[tuple[str, str, str, float]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["id", "gold", "predicted", "p"])
    for label in LABELS:
        table[f"p_{label}"] = table["p"].where(table["predicted"] == label, 0.1)
    return table


def look(identifier: str) -> tuple[Image.Image | None, str]:
    return (None if identifier == "d" else Image.new("RGB", (4, 3))), f"text of {identifier}"


def test_most_frequent_first_each_with_its_surest_pairs() -> None:
    table = predictions(
        [
            ("a", "yes", "no", 0.5),
            ("b", "no", "maybe", 0.6),
            ("c", "no", "maybe", 0.9),
            ("d", "no", "maybe", 0.7),
            ("e", "no", "no", 0.8),
            ("f", "no", "maybe", 0.5),
        ]
    )
    first, second = worst_confusions(table, LABELS, look)
    assert (first["gold"], first["predicted"], first["count"]) == ("no", "maybe", 4)
    assert first["share"] == 4 / 5
    assert [pair["id"] for pair in first["pairs"]] == ["c", "d", "b"]
    assert first["pairs"][0]["text"] == "text of c"
    assert first["pairs"][0]["image"].startswith("data:image/jpeg")
    assert first["pairs"][1]["image"] == ""
    assert (second["gold"], second["predicted"], second["share"]) == ("yes", "no", 1.0)


def test_a_perfect_model_confuses_nothing() -> None:
    assert worst_confusions(predictions([("a", "yes", "yes", 0.9)]), LABELS, look) == []
