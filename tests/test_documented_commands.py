"""Parameters that the documents override exist: DVC refuses others."""

import re
import shlex
import shutil
from itertools import pairwise
from pathlib import Path

import pytest
from dvc.utils.hydra import apply_overrides, get_hydra_sweeps

from tests.tiny import ROOT

DOCUMENTS = [ROOT / "README.md", ROOT / "data" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^```console\n(.*?)^```", re.DOTALL | re.MULTILINE)


def overrides(text: str) -> set[str]:
    """What `-S` is given in the blocks of commands, unless shell or reader fill it in."""
    found = set()
    for block in FENCE.findall(text):
        for line in block.replace("\\\n", " ").splitlines():
            if " exp run " in line:  # by dvc, or by python -m stages
                words = shlex.split(line.replace("; done", " ").partition("  #")[0])
                given = {word for option, word in pairwise(words) if option == "-S"}
                found |= {word for word in given if not {"$", "<"} & {*word}}
    return found


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_dvc_takes_every_override(document: Path, tmp_path: Path) -> None:
    for override in sorted(overrides(document.read_text(encoding="utf-8"))):
        file, _, value = override.rpartition(".yaml:")
        # With --queue, a value may be a list of values, one per experiment.
        for sweep in get_hydra_sweeps({"params": [value]}):
            copy = shutil.copy(ROOT / (f"{file}.yaml" if file else "params.yaml"), tmp_path)
            apply_overrides(Path(copy), sweep["params"])


def test_overrides_are_found() -> None:
    lines = "$ dvc exp run -S a.b=1 \\\n  -S 'x/params.yaml:c=[1,2]' -S d=$e -S f=<g>  # -S no=1"
    assert overrides(f"```console\n{lines}\n```\n") == {"a.b=1", "x/params.yaml:c=[1,2]"}
