"""Print data/reports/bench.json as a Markdown table.

python -m tests.benchmarks.table
"""

import json

from tests.benchmarks.measuring import BENCH


def main() -> None:
    print("| what | ratio | least to greatest | aim | sizes | other work |")
    print("|---|---|---|---|---|---|")
    for entry in json.loads(BENCH.read_text()).values():
        sizes = ", ".join(
            f"{name.replace('_', ' ')} {value}"
            for name, value in entry["sizes"].items()
            if not name.startswith("seconds_")
        )
        spread = f"{entry['least']:.3g} to {entry['greatest']:.3g}"
        others = f"{entry['other_work']:.0%}" if "other_work" in entry else "not measured"
        print(
            f"| {entry['what']} | {entry['ratio']:.3g} | {spread} | {entry['aim']} | {sizes}"
            f" | {others} |"
        )


if __name__ == "__main__":
    main()
