"""`dvc exp run -S` rewrites a params file; all but the line of its key must stay."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.hydra import apply_overrides
from ruamel.yaml import YAML

from tests.tiny import ROOT

FILES = [ROOT / "params.yaml", *sorted(ROOT.glob("stages/*/params.yaml"))]


def leaves(values: Any, above: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted key that holds a value, and the value."""
    for key, value in values.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, list):
        return [*value[:-1], other(value[-1])]
    return value + 1000 if isinstance(value, int | float) else "another/value"


def override(key: str, value: Any) -> str:
    text = f"[{','.join(map(str, value))}]" if isinstance(value, list) else value
    return f"{key}={text}"


def changed_lines(file: Path, copy: Path, key: str, value: Any) -> int:
    shutil.copy(file, copy)
    apply_overrides(copy, [override(key, value)])
    before, after = file.read_text().splitlines(), copy.read_text().splitlines()
    return sum(a != b for a, b in zip(before, after, strict=True))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_an_override_changes_one_line(file: Path, tmp_path: Path) -> None:
    copy = tmp_path / "params.yaml"
    yaml = YAML(typ="safe", pure=True)
    for key, value in leaves(yaml.load(file)):
        changed = other(value)
        assert changed_lines(file, copy, key, changed) == 1, key
        assert dict(leaves(yaml.load(copy)))[key] == changed
