"""The noise study: the parameters of each run, and the table of all runs."""

import json
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError
from pipeline.params.base import check_section
from pipeline.params.matching import NOISE_STUDY_FILE, PARAMS_FILE, MatchingParams, NoiseStudyParams

CRCL = "active_complementary"
NAMES = {
    CRCL: "CRCL",
    "hinge": "hinge, hardest negative",
    "infonce": "InfoNCE",
    "complementary": "complementary",
}


def run_params(
    base: MatchingParams, study: NoiseStudyParams, loss: str, rate: float, seed: int
) -> MatchingParams:
    """One run's parameters.

    Only CRCL's loss uses the correction; the others train in one stage, for as many epochs as
    CRCL's stages have together.

    Raises:
        UserError: a value of the settings is not allowed, or there is no such parameter.
    """
    values = base.model_dump()
    for section, changes in study.settings.items():
        values[section] = values.get(section, {}) | changes
    values["loss"]["name"] = loss
    values["noise"] |= {"rate": rate, "seed": seed, "file": None}
    values["train"]["seed"] = seed
    if loss != CRCL:
        stages, warm_up = values["train"]["stages"], values["correction"]["warm_up"]
        values["train"]["stages"] = [sum(stages) + warm_up * (len(stages) - 1)]
    return check_section(MatchingParams, values, f"{NOISE_STUDY_FILE} over {PARAMS_FILE}")


def read_runs(folder: Path, names: Iterable[str]) -> pd.DataFrame:
    """A row per run: loss, rate, seed and metrics.

    Raises:
        UserError: a run is missing.
    """
    rows = []
    for name in names:
        path = folder / f"{name}.json"
        if not path.exists():
            raise UserError(
                f"{path} not found; run python -m stages repro stages/matching/noise_study/dvc.yaml"
            )
        rows.append(json.loads(path.read_text(encoding="utf-8")))
    table = pd.DataFrame(rows)
    return table.assign(name=table["loss"].map(NAMES))


def summarise(runs: pd.DataFrame) -> pd.DataFrame:
    """A row per loss and rate: means over seeds, the range of rSum, and its fall.

    `fall` is how far rSum is below that of the same loss at the lowest rate.
    """
    figures = [name for name in runs.columns if name.startswith(("image_to", "text_to", "corr"))]
    groups = runs.groupby(["name", "rate"], sort=False)
    table = groups[figures].mean()
    table.insert(0, "rsum", groups["rsum"].mean())
    table.insert(1, "rsum_least", groups["rsum"].min())
    table.insert(2, "rsum_greatest", groups["rsum"].max())
    cleanest = table["rsum"].groupby("name").transform("first")
    table.insert(3, "fall", cleanest - table["rsum"])
    return table.reset_index()


def as_markdown(table: pd.DataFrame) -> str:
    """The table with a line per loss and rate."""
    lines = [
        "| loss | wrong pairs | rSum (least to greatest) | fall | image to text R@1, 5, 10"
        " | text to image R@1, 5, 10 | AUC |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in table.to_dict("records"):
        ways = [
            ", ".join(f"{row[f'{way}_r{k}']:.1f}" for k in (1, 5, 10))
            for way in ("image_to_text", "text_to_image")
        ]
        auc = row.get("correspondence_auc", float("nan"))
        known = row["name"] == NAMES[CRCL] and auc == auc
        cells = [
            row["name"],
            f"{100 * row['rate']:.0f} %",
            f"{row['rsum']:.1f} ({row['rsum_least']:.1f} to {row['rsum_greatest']:.1f})",
            f"{row['fall']:.1f}",
            *ways,
            f"{auc:.3f}" if known else "",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
