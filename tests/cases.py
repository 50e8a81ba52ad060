"""docs/promises.json: how many cases were tried, by which command."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.files import write_text
from tests.tiny import ROOT

FILE = ROOT / "docs/promises.json"


def record(command: str, cases: Mapping[str, int], part: str = "") -> None:
    """Print and keep a command's cases by what they are of, in the place of its earlier ones.

    part: of what the command tries, if a run may try a part alone.
    """
    print("".join(f"{count:8,} {what}\n" for what, count in cases.items()), end="", flush=True)
    found = _read()
    own = {**found.get(command, {}), part: {**cases}} if part else {**cases}
    kept = {**found, command: own}
    write_text(FILE, json.dumps(dict(sorted(kept.items())), indent=1) + "\n")


def table(command: str, what: str) -> str:
    """A Markdown table of a command's cases; what: they are of, or parts are, with a row each."""
    cases = _read()[command]
    if any(isinstance(own, dict) for own in cases.values()):
        return _table_of_parts(cases, what)
    lines = [(what, "cases"), ("---", "---:"), *((kind, f"{n:,}") for kind, n in cases.items())]
    lines.append(("in all", f"{sum(cases.values()):,}"))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _table_of_parts(parts: Mapping[str, Mapping[str, int]], what: str) -> str:
    kinds = dict.fromkeys(kind for own in parts.values() for kind in own)
    rows = [[part, *(own.get(kind, 0) for kind in kinds)] for part, own in parts.items()]
    rows.append(
        ["in all", *(sum(column) for column in zip(*(row[1:] for row in rows), strict=True))]
    )
    lines = [[what, *kinds, "in all"], ["---", *["---:"] * (len(kinds) + 1)]]
    lines += [[name, *(f"{n:,}" for n in (*counts, sum(counts)))] for name, *counts in rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _read() -> dict[str, dict[str, Any]]:
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
