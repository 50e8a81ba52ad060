"""Tables of a study as CSV and Markdown; scores are in percent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from pipeline.files import whole_file, write_text
from pipeline.studies.tables.published import SCORES, Entry
from pipeline.studies.tables.runs import Point, Runs
from pipeline.studies.tables.statistics import (
    METRICS,
    Bootstrap,
    Summary,
    rank_agreements,
    scores,
    spread,
)


@dataclass(frozen=True)
class Notes:
    """The text around every table of a study.

    corpus: its path. pairs: of the test split. published_on: the paper's corpus.
    """

    corpus: str
    pairs: int
    published_on: str

    def intro(self, runs: int) -> str:
        """How to read our scores."""
        return (
            f"On the {self.pairs} test pairs of `{self.corpus}`; mean ± standard deviation of"
            f" {runs} runs that differ in their seed, in percent, but for Kendall's tau-c, which"
            " means something where the classes are ordered. Intervals hold 95 % of the means of"
            " resampled test images and runs (percentile bootstrap). Widths are those of"
            " `stages/studies/params.yaml`."
        )

    def dual_encoders(self, rows: Sequence[str]) -> str:
        """How rows on the embeddings of dual encoders differ; empty without such rows."""
        if not rows:
            return ""
        return (
            f"Exceptions are {', '.join(f'`{row}`' for row in rows)}: a linear head on the whole"
            " embeddings of an encoder that was trained on pairs of images and texts."
        )

    def published(self) -> str:
        """How to read the paper's scores."""
        return (
            f"Published figures are the paper's on {self.published_on}: on another corpus or with"
            " other encoders, compare the order of rows with them, not the values."
        )

    def test(self, reference: str) -> str:
        """How a row is compared with the reference."""
        return (
            f"Differences from {reference} are paired: both rows are judged on the same resampled"
            " images. p is two-sided, twice the smaller share of resamples on one side of zero."
        )

    def verdict(self, table: pd.DataFrame, reference: str) -> str:
        """Whether the reference is ahead of the other rows."""
        others = table[table["accuracy_gap"].notna()]
        ahead = others[others["accuracy_gap"] >= 0]
        unclear = others[(others["accuracy_gap"] < 0) & (others["accuracy_gap_high"] >= 0)]
        if len(ahead):
            first = f"{reference} is not ahead of: {', '.join(ahead['method'])}."
        else:
            first = f"{reference}'s mean accuracy is above that of every other row."
        if len(unclear) == 0:
            return first
        return (
            f"{first} The interval of the difference includes zero, so that the order is open, for:"
            f" {', '.join(unclear['method'])}."
        )


def score_table(
    entries: Sequence[Entry],
    rows: Mapping[str, Runs],
    bootstrap: Bootstrap,
    reference: str,
) -> pd.DataFrame:
    """A line per entry: for each metric the published score, ours with its spread, and the
    difference from the reference row."""
    lines = []
    for entry in entries:
        line: dict[str, object] = {"row": entry.row, "method": entry.method}
        for metric in METRICS:
            line[f"{metric}_published"] = getattr(entry, metric, None)
            line |= _in_percent(metric, bootstrap.summary(rows[entry.row], metric))
            if entry.row != reference:
                gap = bootstrap.difference(rows[entry.row], rows[reference], metric)
                line |= {
                    f"{metric}_gap": 100 * gap.mean,
                    f"{metric}_gap_low": 100 * gap.low,
                    f"{metric}_gap_high": 100 * gap.high,
                    f"{metric}_p": gap.p,
                }
        lines.append(line | _tau(rows[entry.row]))
    return pd.DataFrame(lines)


def setting_table(points: Iterable[Point], bootstrap: Bootstrap) -> pd.DataFrame:
    """A line per setting: its values, and each metric with its spread."""
    lines = []
    for setting, runs in points:
        line = dict(setting)
        for metric in METRICS:
            line |= _in_percent(metric, bootstrap.summary(runs, metric))
        lines.append(line | _tau(runs))
    return pd.DataFrame(lines)


def _in_percent(metric: str, summary: Summary) -> dict[str, object]:
    return {
        metric: 100 * summary.mean,
        f"{metric}_sd": 100 * summary.sd,
        f"{metric}_low": 100 * summary.low,
        f"{metric}_high": 100 * summary.high,
    }


def _tau(row: Runs) -> dict[str, object]:
    runs = rank_agreements(row)
    return {"tau_c": float(runs.mean()), "tau_c_sd": spread(runs)}


def class_table(
    entries: Sequence[Entry], rows: Mapping[str, Runs], labels: Sequence[str]
) -> pd.DataFrame:
    """A line per entry and class: F1 as published, ours, and its standard deviation over runs."""
    lines = []
    for entry in entries:
        f1 = 100 * scores(rows[entry.row])["f1"]  # (S, C)
        for i, label in enumerate(labels):
            lines.append(
                {
                    "row": entry.row,
                    "method": entry.method,
                    "label": label,
                    "f1_published": entry.f1.get(label),
                    "f1": f1[:, i].mean(),
                    "f1_sd": spread(f1[:, i]),
                }
            )
    return pd.DataFrame(lines)


def score_lines(table: pd.DataFrame, entries: Sequence[Entry], reference: str) -> str:
    """The score table in Markdown, with the numbers of the entries' caveats."""
    headers = ["method"]
    for metric in SCORES:
        headers += [METRICS[metric], "95 % interval", "published"]
    headers += [METRICS["f1_macro"], "tau-c"]
    headers += [f"accuracy, minus {reference}", "p"]
    lines = []
    for method, (_, line) in zip(_methods(entries), table.iterrows(), strict=True):
        cells = [method]
        for metric in SCORES:
            cells += [*_spread(line, metric), _published(line[f"{metric}_published"])]
        cells += _others(line)
        if pd.isna(line["accuracy_gap"]):
            cells += ["", ""]
        else:
            interval = f"{line['accuracy_gap_low']:+.1f} to {line['accuracy_gap_high']:+.1f}"
            cells += [f"{line['accuracy_gap']:+.1f} ({interval})", f"{line['accuracy_p']:.3f}"]
        lines.append(cells)
    return markdown(headers, lines)


def class_lines(table: pd.DataFrame, entries: Sequence[Entry], labels: Sequence[str]) -> str:
    """The class table in Markdown: a row per method, two columns per class."""
    headers = ["method", *(f"{name}{kind}" for name in labels for kind in ("", ", published"))]
    lines = []
    groups = (group for _, group in table.groupby("row", sort=False))
    for method, group in zip(_methods(entries), groups, strict=True):
        cells = [method]
        for _, line in group.iterrows():
            cells += [f"{line['f1']:.1f} ± {line['f1_sd']:.1f}", _published(line["f1_published"])]
        lines.append(cells)
    return markdown(headers, lines)


def setting_lines(table: pd.DataFrame, columns: Sequence[str]) -> str:
    """A table of settings in Markdown."""
    headers = [*columns]
    for metric in SCORES:
        headers += [METRICS[metric], "95 % interval"]
    headers += [METRICS["f1_macro"], "tau-c"]
    lines = []
    for _, line in table.iterrows():
        cells = [str(line[column]) for column in columns]
        for metric in SCORES:
            cells += _spread(line, metric)
        lines.append([*cells, *_others(line)])
    return markdown(headers, lines)


def _spread(line: "pd.Series[float]", metric: str) -> list[str]:
    return [
        f"{line[metric]:.1f} ± {line[f'{metric}_sd']:.1f}",
        f"{line[f'{metric}_low']:.1f} to {line[f'{metric}_high']:.1f}",
    ]


def _others(line: "pd.Series[float]") -> list[str]:
    """Macro F1 and tau-c, of which the paper has none."""
    macro = f"{line['f1_macro']:.1f} ± {line['f1_macro_sd']:.1f}"
    return [macro, f"{line['tau_c']:.3f} ± {line['tau_c_sd']:.3f}"]


def markdown(headers: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    rows = [headers, ["---"] * len(headers), *lines]
    return "\n".join("| " + " | ".join(row) + " |" for row in rows) + "\n"


def footnotes(entries: Iterable[Entry], caveats: Mapping[str, str]) -> str:
    """The caveats that the entries refer to, a paragraph each."""
    return "\n\n".join(f"[{i}] {caveats[mark]}" for mark, i in _numbers(entries).items())


def _numbers(entries: Iterable[Entry]) -> dict[str, int]:
    """Number by caveat, in order of first reference."""
    marks = dict.fromkeys(mark for entry in entries for mark in entry.caveats)
    return {mark: i for i, mark in enumerate(marks, start=1)}


def _methods(entries: Sequence[Entry]) -> list[str]:
    """The names of methods with the numbers of their caveats."""
    numbers = _numbers(entries)
    return [
        entry.method + "".join(f" [{numbers[mark]}]" for mark in entry.caveats) for entry in entries
    ]


def write_table(folder: Path, name: str, table: pd.DataFrame, *texts: str) -> None:
    """Write folder/name.csv, and the texts as paragraphs of folder/name.md."""
    with whole_file(folder / f"{name}.csv") as csv:
        table.to_csv(csv, index=False, float_format="%.4f", lineterminator="\n")
    paragraphs = [text.strip() for text in texts if text.strip()]
    write_text(folder / f"{name}.md", "\n\n".join(paragraphs) + "\n")


def _published(value: float | None) -> str:
    return "" if value is None or pd.isna(value) else f"{value:.2f}"
