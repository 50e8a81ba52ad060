"""docs/licences.md: the licences of all packages in requirements.lock, as each declares its own.

Not a cog block, since only what is installed declares it: `make lock` writes the page and the lock
from one environment.
"""

import re
from collections.abc import Iterator
from importlib.metadata import metadata
from pathlib import Path

from pipeline.studies.tables.tables import markdown

LOCK = Path("requirements.lock")
_PAGE = """# Licences

What a run needs besides Python, at the versions of [`requirements.lock`](../requirements.lock),
each with the licence that the package declares. Made by `make lock`. The project itself is under
Apache-2.0 ([`LICENSE`](../LICENSE)) and distributes none of these packages. NVIDIA's libraries come
with PyTorch's package for Linux; [without a GPU](install.md#without-a-gpu) none is needed.
"""
_CLASSIFIER = "License :: "
_NOTHING = ("", "UNKNOWN", "OSI Approved")
_LONGEST = 60  # some packages state the whole text


def locked(lock: Path = LOCK) -> Iterator[tuple[str, str]]:
    """Name and version of each package in the lock file."""
    yield from re.findall(r"^([\w.-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE)


def licence(name: str) -> str:
    """What an installed package declares: an SPDX expression, else its classifiers or its field."""
    declared = metadata(name)
    classifiers = declared.get_all("Classifier") or []
    classes = [c.rpartition(" :: ")[2] for c in classifiers if c.startswith(_CLASSIFIER)]
    expression, field = (
        " ".join((declared.get_all(key) or [""])[0].split())
        for key in ("License-Expression", "License")
    )
    stated = [expression, ", ".join(classes), field[:_LONGEST]]
    return next((one for one in stated if one not in _NOTHING), "not declared")


def page() -> str:
    """The page's text, with package, version and licence of each."""
    lines = [[name, version, licence(name)] for name, version in locked()]
    return f"{_PAGE}\n{markdown(['package', 'version', 'licence'], lines)}"


if __name__ == "__main__":
    Path("docs/licences.md").write_text(page(), encoding="utf-8")
