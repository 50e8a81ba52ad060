"""Every dvc.yaml against the code: a stage depends on what it imports, by whole rooms."""

from typing import Any

import pytest
import yaml

from tests.rooms import (
    COLLECTIONS,
    MOST,
    UNTRACKED,
    dependencies_of,
    floors,
    has_code,
    imported_files,
    lines_of,
    reached_files,
    room_of,
    share_of,
)
from tests.soak.stages import PIPELINES
from tests.tiny import ROOT

FILES = [ROOT / "dvc.yaml", *sorted((ROOT / "stages").rglob("dvc.yaml"))]
STAGES: dict[str, dict[str, Any]] = {
    f"{path.parent.relative_to(ROOT)}:{name}": entry.get("do", entry) | {"folder": path.parent}
    for path in FILES
    for name, entry in yaml.safe_load(path.read_text())["stages"].items()
}


def folder_of(stage: str) -> str:
    """Where a stage's script lies: the root's in stages/, others beside their dvc.yaml."""
    folder = stage.partition(":")[0]
    return "stages" if folder == "." else folder


def script_of(stage: str) -> str:
    return f"{folder_of(stage)}/{stage.partition(':')[2]}.py"


def declared(stage: str) -> list[str]:
    """The code that a stage lists; with a template in it, what is common to all of its values."""
    listed = [dep.partition("${")[0] for dep in STAGES[stage]["deps"]]
    return [dep for dep in listed if dep.startswith(("pipeline/", "stages/"))]


@pytest.mark.parametrize("stage", STAGES)
def test_stage_name_file_and_command_agree(stage: str) -> None:
    module = script_of(stage).removesuffix(".py").replace("/", ".")
    assert STAGES[stage]["cmd"].split(" ${")[0] == f"python -m {module}"
    assert (ROOT / script_of(stage)).is_file()
    assert STAGES[stage]["desc"]
    root = (STAGES[stage]["folder"] / STAGES[stage].get("wdir", ".")).resolve()
    assert root == ROOT, "every stage runs in the project's root"


def test_make_faults_strikes_every_stage() -> None:
    struck = {
        f"{(ROOT / file).parent.relative_to(ROOT)}:{name.partition('@')[0]}"
        for file, names in PIPELINES.items()
        for name in names
    }
    assert struck == {*STAGES}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_lists_its_script_and_the_rooms_that_it_imports(stage: str) -> None:
    listed = [dep for dep in declared(stage) if not dep.endswith("/")]
    assert sorted(listed) == sorted(dependencies_of(script_of(stage)))


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_reaches_most_of_each_room_that_it_lists(stage: str) -> None:
    reached = reached_files(script_of(stage))
    for room in {room_of(path) for path in reached} - {*COLLECTIONS}:
        assert room is not None
        share = share_of(room, reached)
        assert share >= MOST, f"of {room} it reaches {share:.0%}"


def test_imports_run_downwards() -> None:
    level = {room: number for number, floor in enumerate(floors()) for room in floor}
    wrong = []
    for path in sorted((ROOT / "pipeline").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        room = room_of(name)
        for used in imported_files(path):
            target = used.relative_to(ROOT).as_posix()
            below = room_of(target)
            if not has_code(used) or target == "pipeline/__init__.py":
                continue
            upwards = room and below and room != below and level[below] >= level[room]
            if upwards or target.startswith("stages/") or (room is None and below):
                wrong.append(f"{name} -> {target}")
    assert wrong == []


def test_every_file_of_the_library_has_a_room() -> None:
    files = [path.relative_to(ROOT).as_posix() for path in (ROOT / "pipeline").rglob("*.py")]
    homeless = [
        name for name in files if has_code(ROOT / name) and str(room_of(name)).startswith("no room")
    ]
    assert homeless == ["pipeline/__main__.py"]


def test_every_room_has_files() -> None:
    rooms = [room for floor in floors() for room in floor if room != "stages"]
    assert [room for room in rooms if not lines_of(room)] == []
    assert len(rooms) == len(set(rooms))


@pytest.mark.parametrize("name", UNTRACKED)
def test_what_is_not_tracked_is_there(name: str) -> None:
    assert (ROOT / name).exists()


HEADS = [
    stage
    for stage in STAGES
    if stage.split(":")[1].startswith(("train", "evaluate", "compare", "ablate", "sweep"))
    and not stage.startswith("stages/detector")
]


@pytest.mark.parametrize("stage", HEADS)
def test_what_trains_or_judges_sees_no_encoder(stage: str) -> None:
    assert [p for p in reached_files(script_of(stage)) if p.startswith("pipeline/encoders/")] == []


def reached_by(param: str) -> set[str]:
    """The root's stages that DVC runs again for a changed parameter, where each changes what it
    makes."""
    stages = {s.partition(":")[2]: entry for s, entry in STAGES.items() if s.startswith(".:")}
    reached = {
        stage
        for stage, entry in stages.items()
        if any(param == name or param.startswith(f"{name}.") for name in entry.get("params", []))
    }
    while True:
        # An entry with options is a mapping with the path as its only key.
        outs = [out for stage in reached for out in stages[stage]["outs"]]
        made = [out if isinstance(out, str) else next(iter(out)) for out in outs]
        readers = {stage for stage, entry in stages.items() if set(entry["deps"]) & set(made)}
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
    # Of a side's features, what that side alone tells.
    assert reached_by(param) == {stage, "train", "evaluate_sides", "evaluate", "report"}


@pytest.mark.parametrize("folder", ["", "stages/sample"])
def test_records_are_of_stages_that_are_there(folder: str) -> None:
    """DVC keeps those of others, and reads them each time."""
    stages, recorded = (
        yaml.safe_load((ROOT / folder / name).read_text())["stages"]
        for name in ("dvc.yaml", "dvc.lock")
    )
    assert {name.partition("@")[0] for name in recorded} <= {*stages}
