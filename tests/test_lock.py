"""requirements.lock is of what the requirements name, and each of its packages has a licence."""

import re

import pytest

from docs.reference.licences import locked
from tests.tiny import ROOT

LOCK = ROOT / "requirements.lock"


@pytest.mark.parametrize("file", ["requirements.txt", "requirements-serve.txt"])
def test_the_lock_has_the_versions_that_are_required(file: str) -> None:
    required = re.findall(r"^([\w.-]+)==(\S+)", (ROOT / file).read_text(), re.MULTILINE)
    assert len(required) > 2
    named = {(re.sub(r"[._]", "-", name).lower(), version) for name, version in required}
    assert named <= {*locked(LOCK)}


def test_every_package_is_held_to_hashes() -> None:
    entries = re.split(r"\n(?=[\w.-]+==)", LOCK.read_text())[1:]
    assert len(entries) == len([*locked(LOCK)])
    assert all("--hash=sha256:" in entry for entry in entries)


def test_every_package_stands_among_the_licences() -> None:
    page = (ROOT / "docs/licences.md").read_text()
    missing = [name for name, version in locked(LOCK) if f"| {name} | {version} | " not in page]
    assert missing == []
