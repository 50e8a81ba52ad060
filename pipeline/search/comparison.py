"""The table of the paper's ablation: every variant over several seeds."""

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from pipeline.errors import UserError

METRICS = ("r@1", "r@5", "r@10", "ndcg@10", "ndcg@25", "auc")
_AMC = "amc"


def read_runs(folder: Path, variants: Sequence[str], seeds: Sequence[int]) -> pd.DataFrame:
    """The metrics of all runs: columns variant, seed, and one per metric.

    Raises:
        UserError: a run is missing.
    """
    rows = []
    for variant in variants:
        for seed in seeds:
            path = folder / variant / f"{seed}.json"
            if not path.exists():
                raise UserError(
                    f"{path} not found; run python -m stages repro stages/search/dvc.yaml"
                )
            rows.append({"variant": variant, "seed": seed, **json.loads(path.read_text("utf-8"))})
    return pd.DataFrame(rows)


def comparison_table(runs: pd.DataFrame) -> pd.DataFrame:
    """A line per variant: mean and standard deviation of each metric over seeds, in percent."""
    lines = []
    for variant, seeds in runs.groupby("variant", sort=False):
        line: dict[str, object] = {"variant": variant}
        for metric in METRICS:
            sd = seeds[metric].std(ddof=1) if len(seeds) > 1 else 0.0
            line |= {metric: 100 * seeds[metric].mean(), f"{metric}_sd": 100 * sd}
        lines.append(line)
    return pd.DataFrame(lines)


def comparison_text(table: pd.DataFrame, seeds: int) -> str:
    """The table as Markdown, and whether AMC is above all other rows."""
    head = f"| | {' | '.join(METRICS)} |\n|{'---|' * (len(METRICS) + 1)}"
    rows = [
        f"| {line['variant']} | "
        + " | ".join(f"{line[m]:.2f} ± {line[f'{m}_sd']:.2f}" for m in METRICS)
        + " |"
        for _, line in table.iterrows()
    ]
    intro = f"Test split, in percent, mean ± standard deviation of {seeds} seeds."
    parts = ["# Search: AMC and its ablations", intro, "\n".join([head, *rows]), _verdict(table)]
    return "\n\n".join(parts) + "\n"


def _verdict(table: pd.DataFrame) -> str:
    by_name = table.set_index("variant")
    if _AMC not in by_name.index:
        return "AMC itself is not among the rows."
    behind = [
        f"{name} in {metric}"
        for metric in ("r@10", "auc")
        for name in by_name.index
        if name != _AMC and by_name.loc[name, metric] >= by_name.loc[_AMC, metric]
    ]
    if behind:
        return f"AMC is not above {', '.join(behind)}."
    return "AMC is above every other row in r@10 and auc."
