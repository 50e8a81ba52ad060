"""Make the results that the documents show: python -m results, or `make results`."""

import os
import platform
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from pipeline.errors import UserError
from results.clone import Clone
from results.digest import part_digest
from results.plan import Plan, load_plan
from results.record import Entry, read_record, write_entry
from results.summaries import SUMMARIES

_VERSIONS = ("torch", "transformers", "scikit-learn", "numpy")
# What a run writes itself, so that it may differ from the commit.
_WRITTEN = ("docs/", "README.md")


def main(words: list[str]) -> None:
    arguments = _parse(words)
    plan = load_plan()
    real_data = Path(os.environ["REAL_DATA"]) if os.environ.get("REAL_DATA") else None
    names = _known(plan, arguments.parts) or [*plan.parts]
    digests = {name: part_digest(plan, name, real_data) for name in names}
    open_parts = _show(plan, digests, real_data)
    if arguments.plan:
        return
    for name in open_parts:
        _make(plan, name, digests[name], real_data)


def _parse(words: list[str]) -> Namespace:
    parser = ArgumentParser(prog="python -m results", description=__doc__)
    parser.add_argument("parts", nargs="*", help="all unless named")
    parser.add_argument("--plan", action="store_true", help="say what would run, and stop")
    return parser.parse_args(words)


def _known(plan: Plan, names: Iterable[str]) -> list[str]:
    if unknown := [name for name in names if name not in plan.parts]:
        raise UserError(f"no parts {unknown}; there are: {', '.join(plan.parts)}")
    return [*names]


def _show(plan: Plan, digests: dict[str, str], real_data: Path | None) -> list[str]:
    """Print the state of every part; returns those that are to run."""
    record, open_parts = read_record(), []
    print(f"{'part':<20} {'state':<12} {'hours':>5}  shows")
    for name, digest in digests.items():
        part = plan.parts[name]
        if plan.corpora[part.corpus].files and real_data is None:
            state = "no REAL_DATA"
        elif name in record and record[name].digest == digest:
            state = "done"
        else:
            state = "changed" if name in record else "new"
            open_parts.append(name)
        print(f"{name:<20} {state:<12} {part.hours:>5.1f}  {part.about}")
    hours = sum(plan.parts[name].hours for name in open_parts)
    print(f"{len(open_parts)} parts to run: about {hours:.1f} hours on two cores\n")
    return open_parts


def _make(plan: Plan, name: str, digest: str, real_data: Path | None) -> None:
    """Run what is not yet kept of a part, and record its figures."""
    part, started = plan.parts[name], time.monotonic()
    commit = _commit()
    clone = Clone(part.corpus)
    clone.prepare(commit, plan.corpora[part.corpus].files, real_data)
    for number, point in enumerate(part.points, start=1):
        if not clone.is_done(name, point, digest):
            print(f"== {name}: {point} ({number} of {len(part.points)})", flush=True)
            clone.run(plan, part, point)
            clone.keep(name, part, point, digest)
    figures = SUMMARIES[part.summary]({point: clone.kept(name, point) for point in part.points})
    hours = round((time.monotonic() - started) / 3600, 2)
    write_entry(
        name,
        Entry(
            digest=digest,
            commit=commit[:10],
            date=datetime.now(UTC).date().isoformat(),
            versions={package: version(package) for package in _VERSIONS},
            processor=platform.processor() or platform.machine(),
            hours=hours,
            figures=figures,
        ),
    )
    print(f"== {name}: recorded after {hours} hours", flush=True)


def _commit() -> str:
    """The commit at hand, whose code the clones run.

    Raises:
        UserError: there are changes beside it, which they would not see.
    """
    status = _git("status", "--porcelain", "--untracked-files=no").splitlines()
    changed = [line[3:] for line in status if not line[3:].startswith(_WRITTEN)]
    if changed:
        raise UserError(f"commit first what the results would not know: {', '.join(changed)}")
    return _git("rev-parse", "HEAD").strip()


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except UserError as error:
        sys.exit(f"error: {error}")
