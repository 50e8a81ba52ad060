"""Print data/reports/bench.json as a Markdown table.

python -m tests.benchmarks.table
"""

import json
import re
from typing import Any

from tests.benchmarks.measuring import BENCH

_HEADERS = ("what", "ratio", "least to greatest", "aim", "sizes", "processor", "other work")


def table() -> str:
    """A line per benchmark; an aim that the ratio misses is marked."""
    lines = [_HEADERS, ["---"] * len(_HEADERS)]
    lines += [_cells(entry) for entry in json.loads(BENCH.read_text()).values()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines)


def _cells(entry: dict[str, Any]) -> list[str]:
    sizes = ", ".join(
        f"{name.replace('_', ' ')} {value}"
        for name, value in entry["sizes"].items()
        if not name.startswith("seconds_")
    )
    spread = f"{entry['least']:.3g} to {entry['greatest']:.3g}"
    others = f"{entry['other_work']:.0%}" if "other_work" in entry else "not measured"
    aim = entry["aim"] + (", **missed**" if _missed(entry) else "")
    processor = entry["machine"]["processor"].replace("(R)", "").removesuffix(" Processor")
    return [entry["what"], f"{entry['ratio']:.3g}", spread, aim, sizes, processor, others]


def _missed(entry: dict[str, Any]) -> bool:
    bound = re.match(r"at (least|most) ([0-9.]+)", entry["aim"])
    if not bound:
        return False
    limit = float(bound[2])
    return bool(entry["ratio"] < limit if bound[1] == "least" else entry["ratio"] > limit)


if __name__ == "__main__":
    print(table(), end="")
