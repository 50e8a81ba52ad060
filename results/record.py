"""docs/results.json: the figures of every part, and what made them."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pipeline.files import whole_file

FILE = Path("docs/results.json")


@dataclass(frozen=True)
class Entry:
    """A finished part.

    digest: of what made it, see results/digest.py. commit: whose code ran. versions: of the
    libraries that decide figures. hours: of the call that finished it, which may have found most
    of it made by an earlier one. figures: by the part's summary.
    """

    digest: str
    commit: str
    date: str
    versions: dict[str, str]
    processor: str
    hours: float
    figures: dict[str, Any]


def read_record(path: Path = FILE) -> dict[str, Entry]:
    """The finished parts by name; none where there is no record yet."""
    if not path.exists():
        return {}
    entries = json.loads(path.read_text(encoding="utf-8"))
    return {name: Entry(**entry) for name, entry in entries.items()}


def write_entry(name: str, entry: Entry, path: Path = FILE) -> None:
    """Put a part's entry in the place of its earlier one."""
    entries = read_record(path) | {name: entry}
    lines = json.dumps({key: asdict(entries[key]) for key in sorted(entries)}, indent=1)
    with whole_file(path) as temporary:
        temporary.write_text(lines + "\n", encoding="utf-8")
