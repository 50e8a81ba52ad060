"""What people read first about a model."""

from pathlib import Path

import pandas as pd

from pipeline.evaluation.card import write_card
from pipeline.models.saved import AnANetEncoders
from tests.tiny import tiny_config, tiny_params


def test_card_states_data_encoders_and_metrics(tmp_path: Path) -> None:
    config = tiny_config(encoders={"regions.h5": "ab" * 32})
    encoders = AnANetEncoders.of(tiny_params(), {"regions.h5": {}})
    pairs = pd.DataFrame(
        {"split": ["train", "train", "test"], "label": ["explicit", "explicit", "implicit"]}
    )
    metrics = {"accuracy": 0.5, "accuracy_low": 0.25, "accuracy_high": 0.75, "pointing_words": 7}
    write_card(tmp_path / "README.md", config, encoders, pairs, metrics)
    lines = (tmp_path / "README.md").read_text().splitlines()
    assert "| accuracy | 0.5000 | 0.2500 to 0.7500 |" in lines
    assert "| pointing_words | 7 |  |" in lines
    assert "| train | 0 | 0 | 2 |" in lines
    assert "| test | 0 | 1 | 0 |" in lines
    assert f"| `regions.h5` | fasterrcnn_lite, 36 regions | `{'ab' * 32}` |" in lines
    assert not [line for line in lines if "{" in line]


def test_labels_are_shown_as_they_are(tmp_path: Path) -> None:
    labels = ["a|b", "<script>", "*c* [d](e)", "snake_case"]
    config = tiny_config(labels=labels, encoders={})
    encoders = AnANetEncoders.of(tiny_params(), {})
    pairs = pd.DataFrame({"split": "train", "label": labels})
    metrics = {f"f1.{label}": 0.5 for label in labels}
    write_card(tmp_path / "README.md", config, encoders, pairs, metrics)
    card = (tmp_path / "README.md").read_text()
    shown = [r"a\|b", r"\<script\>", r"\*c\* \[d\](e)", "snake_case"]
    assert f"| pairs | {' | '.join(shown)} |" in card
    assert all(f"| f1.{label} | 0.5000 |" in card for label in shown)
    assert all(f"*{label}*" in card for label in shown)
