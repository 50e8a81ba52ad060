"""A digest changes with what can change a result, and with nothing else."""

from pathlib import Path

import pytest

from results.digest import part_digest, source_digest
from results.plan import Plan, load_plan

CODE = '"""Doubles."""\n\n\ndef double(x):\n    """Twice x."""\n    return 2 * x\n'


def digest_of(folder: Path, name: str, code: str) -> str:
    path = folder / name
    path.write_text(code)
    return source_digest(path)


def test_only_what_code_does_counts(tmp_path: Path) -> None:
    first = digest_of(tmp_path, "a.py", CODE)
    said_otherwise = CODE.replace("Twice x.", "Two of them.").replace("    return", "\n    return")
    assert digest_of(tmp_path, "b.py", f"# New.\n{said_otherwise}") == first
    assert digest_of(tmp_path, "c.py", CODE.replace("2 *", "3 *")) != first
    assert digest_of(tmp_path, "d.py", CODE.replace("return 2 * x", 'return "2 * x"')) != first


def test_other_files_count_by_their_bytes(tmp_path: Path) -> None:
    first = digest_of(tmp_path, "a.yaml", "rows: 1\n")
    assert digest_of(tmp_path, "b.yaml", "rows: 1\n") == first
    assert digest_of(tmp_path, "c.yaml", "rows: 1 # few\n") != first


def changed(plan: Plan, **changes: object) -> Plan:
    """The plan with another part `correlation`, the only one whose command is no stage."""
    part = plan.parts["correlation"].model_copy(update=changes)
    return plan.model_copy(update={"parts": {"correlation": part}})


def test_a_part_depends_on_its_params_commands_and_corpus(tmp_path: Path) -> None:
    plan = load_plan()
    for number, path in enumerate(plan.corpora["flickr8k_expert"].files.values()):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(str(number))
    first = part_digest(plan, "correlation", tmp_path)
    others = {
        part_digest(changed(plan, params={"params.yaml": {"a.b": 1}}), "correlation", tmp_path),
        part_digest(changed(plan, commands=["python -m pipeline cache"]), "correlation", tmp_path),
        part_digest(plan, "correlation", None),
    }
    assert len({first, *others}) == 4
    said = changed(plan, about="Otherwise", hours=3.0, keep=["data"])
    assert part_digest(said, "correlation", tmp_path) == first


@pytest.mark.parametrize("name", ["sample"])
def test_stages_of_other_pipelines_are_found(name: str) -> None:
    assert len(part_digest(load_plan(), name, None)) == 64
