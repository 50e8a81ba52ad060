"""dvc.yaml against the code: a stage must be declared to depend on what it really uses."""

import ast
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parent.parent
STAGES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]

# Parameters are tracked by value, paths are the outputs themselves, and the others hold no result.
UNTRACKED = {"pipeline/params.py", "pipeline/paths.py", "pipeline/errors.py", "stages/__init__.py"}


def imported_files(source: Path) -> set[Path]:
    """The project files that a module imports, anywhere in its text."""
    names = set()
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    candidates = {ROOT / name.replace(".", "/") for name in names}
    found = {path.with_suffix(".py") for path in candidates}
    packages = {parent / "__init__.py" for path in candidates for parent in (path, *path.parents)}
    return {path for path in found | packages if path.is_file() and path.is_relative_to(ROOT)}


def used_files(stage: str) -> set[str]:
    todo, seen = {ROOT / "stages" / f"{stage}.py"}, set()
    while todo:
        seen |= todo
        todo = {used for path in todo for used in imported_files(path)} - seen
    return {path.relative_to(ROOT).as_posix() for path in seen if has_code(path)} - UNTRACKED


def has_code(path: Path) -> bool:
    """False for a file that is only a docstring, as most `__init__.py` are."""
    return any(not isinstance(node, ast.Expr) for node in ast.parse(path.read_text()).body)


@pytest.mark.parametrize("stage", STAGES)
def test_dependencies_are_the_files_a_stage_uses(stage: str) -> None:
    declared = {dep for dep in STAGES[stage]["deps"] if dep.startswith(("pipeline", "stages"))}

    def is_declared(path: str) -> bool:
        return any(path == dep or path.startswith(f"{dep}/") for dep in declared)

    used = used_files(stage)
    assert sorted(path for path in used if not is_declared(path)) == []
    unused = {dep for dep in declared if not any(p == dep or p.startswith(f"{dep}/") for p in used)}
    assert sorted(unused) == []


@pytest.mark.parametrize("stage", STAGES)
def test_stage_name_file_and_command_agree(stage: str) -> None:
    assert STAGES[stage]["cmd"] == f"python -m stages.{stage}"
    assert (ROOT / "stages" / f"{stage}.py").is_file()
    assert STAGES[stage]["desc"]


def reached_by(param: str) -> set[str]:
    """The stages that DVC runs again for a changed parameter, where each changes what it makes."""
    reached = {
        stage
        for stage, entry in STAGES.items()
        if any(param == name or param.startswith(f"{name}.") for name in entry.get("params", []))
    }
    while True:
        # An entry with options is a mapping with the path as its only key.
        outs = [out for stage in reached for out in STAGES[stage]["outs"]]
        made = [out if isinstance(out, str) else next(iter(out)) for out in outs]
        readers = {stage for stage, entry in STAGES.items() if set(entry["deps"]) & set(made)}
        if readers <= reached:
            return reached
        reached |= readers


@pytest.mark.parametrize(
    ("param", "stage"),
    [
        ("regions.detector", "extract_regions"),
        ("bert.model", "embed_bert"),
        ("glove.vectors", "embed_glove"),
    ],
)
def test_another_encoder_extracts_its_own_features_and_no_other(param: str, stage: str) -> None:
    assert reached_by(param) == {stage, "train", "evaluate", "report"}


@pytest.mark.parametrize("stage", ["train", "evaluate"])
def test_training_sees_no_encoder(stage: str) -> None:
    encoders = ("pipeline/features/detectors", "pipeline/features/bert", "pipeline/features/scenes")
    assert [path for path in used_files(stage) if path.startswith(encoders)] == []


def test_imports_run_downwards() -> None:
    order = [
        "params",
        "corpus",
        "features",
        "models",
        "training",
        "matching",
        "prediction",
        "report",
        "search",
        "studies",
        "serving",
    ]
    rooms = {room: level for level, room in enumerate(order)}
    upwards = []
    for path in (ROOT / "pipeline").rglob("*.py"):
        room = path.relative_to(ROOT / "pipeline").parts[0].removesuffix(".py")
        for used in imported_files(path):
            target = used.relative_to(ROOT).parts[1].removesuffix(".py")
            if used.is_relative_to(ROOT / "stages") or rooms.get(target, 0) > rooms.get(room, 99):
                upwards.append(f"{path.relative_to(ROOT)} -> {used.relative_to(ROOT)}")
    assert upwards == []
