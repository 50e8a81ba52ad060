"""docs/promises.json: how many cases were tried, by which command."""

import json
from collections.abc import Mapping
from typing import Any

from pipeline.files import write_text
from tests.tiny import ROOT

FILE = ROOT / "docs/promises.json"


def record(command: str, cases: Mapping[str, int]) -> None:
    """Print and keep a command's cases by what they are of, in the place of its earlier ones."""
    print("".join(f"{count:8,} {what}\n" for what, count in cases.items()), end="", flush=True)
    kept = {**_read(), command: {**cases}}
    write_text(FILE, json.dumps(dict(sorted(kept.items())), indent=1) + "\n")


def table(command: str, what: str) -> str:
    """A Markdown table of a command's cases; what: they are of."""
    cases = _read()[command]
    lines = [(what, "cases"), ("---", "---:"), *((kind, f"{n:,}") for kind, n in cases.items())]
    lines.append(("in all", f"{sum(cases.values()):,}"))
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _read() -> dict[str, dict[str, Any]]:
    return json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
