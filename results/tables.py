"""Tables of the record in Markdown; the documents call these functions in their cog blocks."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline import paths
from pipeline.studies.tables.published import OURS, TITLES, Entry, published
from pipeline.studies.tables.statistics import METRICS
from pipeline.studies.tables.tables import markdown
from results.record import read_record

Line = Mapping[str, Any]
_MEASURED = Path(__file__).with_name("measured.yaml")
# The rows that are AnANet; the others are baselines.
_ANANET = ("ananet_glove", "ananet", "scenes", "pretrained")
_NAMES = {"votes": "the same votes, from scratch", "scenes": "AnANet with scenes"}


def comparison(part: str) -> str:
    """Table III: every baseline, AnANet, AnANet pretrained, and how far one is above the others."""
    return _of(
        part,
        lambda found: f"{_scores(found, _order(_by_row(found)), _titles())}\n{_verdict(found)}",
    )


def ablation(part: str, kind: str) -> str:
    """One of the tables `table4`, `table6` and `ours`, with differences from AnANet pretrained."""
    entries: Sequence[Entry] = OURS if kind == "ours" else getattr(published(), kind)
    titles = {entry.row: entry.method for entry in entries}
    return _of(part, lambda found: _scores(found, [*titles], titles))


def short(part: str, rows: Sequence[str]) -> str:
    """Some rows of Table III, without intervals."""

    def table(found: Any) -> str:
        lines = _by_row(found)
        cells = [[_titles()[row], *_means(lines[row])] for row in rows]
        return markdown(["", *METRICS.values(), "Kendall's tau-c"], cells)

    return _of(part, table)


def classes(part: str, rows: Sequence[str]) -> str:
    """Accuracy, weighted F1 and F1 per class of some rows."""

    def table(found: Any) -> str:
        lines = _by_row(found)
        f1 = [name for name in lines[rows[0]] if re.fullmatch(r"f1\..*(?<!_sd)", name)]
        names = ["accuracy", "f1_weighted", *f1]
        cells = [[_titles()[row], *(_mean(lines[row], name) for name in names)] for row in rows]
        headers = ["", "accuracy", "weighted F1", *(f"F1 {name[3:]}" for name in f1)]
        return markdown(headers, cells)

    return _of(part, table)


def fewer_labels(part: str) -> str:
    """Weighted F1 by share of the train pairs, for each protocol and variant."""

    def table(found: Any) -> str:
        shares: list[float] = sorted(
            {line["fraction"] for point in found.values() for line in point["learning_curve"]}
        )
        lines = []
        for name, point in found.items():
            for variant in dict.fromkeys(line["variant"] for line in point["learning_curve"]):
                by_share = {
                    line["fraction"]: line
                    for line in point["learning_curve"]
                    if line["variant"] == variant
                }
                scores = [_mean(by_share[share], "f1_weighted") for share in shares]
                lines.append([name, _titles()[variant], *scores])
        return markdown(["protocol", "", *(f"{100 * share:.0f} %" for share in shares)], lines)

    return _of(part, table)


def wrong_pairs(part: str) -> str:
    """Scores after pretraining on pairs some of which are wrong; points are named
    `<loss>, <rate>, seed <seed>`, and a line is the mean over seeds."""

    def table(found: Any) -> str:
        groups: dict[tuple[str, str], list[Line]] = {}
        for name, point in found.items():
            loss, rate, _ = name.split(", ")
            groups.setdefault((loss, rate), []).append(_by_row(point)["pretrained"])
        lines = []
        for (loss, rate), rows in groups.items():
            means = [f"{np.mean([row[metric] for row in rows]):.1f}" for metric in METRICS]
            tau = _tau(float(np.mean([row["tau_c"] for row in rows])))
            lines.append([loss, rate, *means, tau])
        return markdown(["loss", "wrong pairs", *METRICS.values(), "tau-c"], lines)

    return _of(part, table)


def correlation(part: str, best: str) -> str:
    """Kendall's tau of the scores, and of each similarity, beside published ones.

    best: the part with the scores of other encoders, of which the sum alone is shown.
    """

    def table(found: Any) -> str:
        lines = [
            _taus(found, name, f"ours, {name}" if name != "sum" else "**ours, sum**")
            for name in next(iter(found["all"].values()))["experts_tau_c"]
        ]
        if best in (record := read_record()):
            lines.append(_taus(record[best].figures, "sum", "ours, two epochs with scenes, sum"))
        published = _measured("correlation")
        for name, experts, crowd in published["lines"]:
            lines.append([f"{name}, as published", _tau(experts), _tau(crowd)])
        return f"{markdown(published['headers'], lines)}\n{published['source']}\n"

    return "\n".join(filter(None, [_of(part, table), _of(best, lambda _: "")]))


def _taus(found: Any, name: str, title: str) -> list[str]:
    """A line of `correlation`: of one similarity, or of their sum."""
    (report,) = found["all"].values()
    cells = [_interval(report[kind][name]) for kind in ("experts_tau_c", "crowd_tau_b")]
    return [title, *cells]


def excerpt(part: str, file: str, point: str = "all") -> str:
    """The first table of a Markdown file that a part's stages wrote, and what it says below it."""

    def table(found: Any) -> str:
        text: str = found[point][file]
        return text[text.index("|") :].partition("\n\n|")[0].strip() + "\n"

    return _of(part, table)


def sample() -> str:
    """The sample by the main pipeline, from the metrics that the project keeps in Git."""
    found = json.loads((paths.REPORTS / "metrics.json").read_text(encoding="utf-8"))
    shown = {
        "AnANet": "accuracy",
        "its alignment vote": "alignment_accuracy",
        "its association vote": "association_accuracy",
        "majority": "majority_accuracy",
        "image only": "image_only_accuracy",
        "text only": "text_only_accuracy",
    }
    cells = [f"{100 * found[name]:.1f}" for name in shown.values()]
    bounds = f"{100 * found['accuracy_low']:.1f} to {100 * found['accuracy_high']:.1f}"
    headers = [*shown]
    headers.insert(1, "95 % interval")
    cells.insert(1, bounds)
    return markdown(headers, [cells])


def pointing() -> str:
    """How often a word attends to what it names, in the sample."""
    found = json.loads((paths.REPORTS / "metrics.json").read_text(encoding="utf-8"))
    chance, share = (round(100 * found[f"pointing_{name}"]) for name in ("chance", "accuracy"))
    return (
        f"In {share} of 100 cases, a word that names an object attends most to a region on that"
        f" object (`pointing_accuracy`); chance would be {chance}.\n"
    )


def measured(name: str) -> str:
    """A table that no command here makes again, with its source, from results/measured.yaml."""
    table = _measured(name)
    lines = [[str(cell) for cell in line] for line in table["lines"]]
    return f"{markdown(table['headers'], lines)}\n{table['source']}\n"


def _measured(name: str) -> Any:
    return yaml.safe_load(_MEASURED.read_text(encoding="utf-8"))[name]


def _of(part: str, table: Callable[[Any], str]) -> str:
    """The table of a part's figures, or that they are not there."""
    record = read_record()
    if part not in record:
        return f"*Not made yet: `make results PARTS={part}`.*\n"
    return table(record[part].figures)


def _scores(found: Any, rows: Sequence[str], titles: Mapping[str, str]) -> str:
    lines, reference = _by_row(found), found["reference"]
    cells = []
    for row in rows:
        line = lines[row]
        gap = "" if row == reference else _gap(line)
        bounds = f"{line['f1_weighted_low']:.1f} to {line['f1_weighted_high']:.1f}"
        accuracy, weighted, macro, tau = _means(line)
        cells.append([titles[row], accuracy, weighted, bounds, macro, tau, gap])
    headers = ["method", "accuracy", "weighted F1", "95 % interval", "macro F1", "tau-c"]
    return markdown([*headers, f"weighted F1, minus {_titles()[reference]}"], cells)


def _verdict(found: Any) -> str:
    """Which rows the reference is above by a difference whose interval excludes zero."""
    lines, titles, reference = _by_row(found), _titles(), found["reference"]
    rows = [row for row in _order(lines) if row != reference]
    rest = [titles[row] for row in rows if lines[row]["f1_weighted_gap_high"] >= 0]
    first = f"In weighted F1, {titles[reference]} is significantly above"
    if len(rest) == len(rows):
        return f"{first} no other row: no interval of the difference lies below zero.\n"
    exceptions = f" except {_listed(rest)}" if rest else ""
    return f"{first} every other row{exceptions} (the interval of the difference excludes zero).\n"


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _order(rows: Iterable[str]) -> list[str]:
    """Baselines in the paper's order, the others after them, AnANet last."""
    listed = [entry.row for entry in published().table3]
    rank = {row: place for place, row in enumerate([*listed, "scenes", *TITLES])}
    known = [row for row in rows if row in rank]
    return sorted(known, key=lambda row: (row in _ANANET, rank[row]))


def _titles() -> dict[str, str]:
    return {entry.row: entry.method for entry in published().table3} | TITLES | _NAMES


def _by_row(found: Any) -> dict[str, Line]:
    return {line["row"]: line for line in found["rows"]}


def _means(line: Line) -> list[str]:
    tau = f"{_tau(line['tau_c'])} ± {_tau(line['tau_c_sd'])}"
    return [*(_mean(line, metric) for metric in METRICS), tau]


def _mean(line: Line, metric: str) -> str:
    return f"{line[metric]:.1f} ± {line[f'{metric}_sd']:.1f}"


def _gap(line: Line) -> str:
    low, high = line["f1_weighted_gap_low"], line["f1_weighted_gap_high"]
    return f"{line['f1_weighted_gap']:+.1f} ({low:+.1f} to {high:+.1f})"


def _interval(line: Line) -> str:
    if "low" not in line:
        return _tau(line["tau"])
    return f"{_tau(line['tau'])} ({_tau(line['low'])} to {_tau(line['high'])})"


def _tau(value: float) -> str:
    """From -1 to 1, as the field writes it: .613"""
    return f"{value:.3f}".replace("0.", ".", 1)
