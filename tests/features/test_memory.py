"""What memory there is, by the machine and by control groups."""

from pathlib import Path

import pytest

from pipeline.features import memory
from pipeline.features.memory import exceed_memory, machine_memory

GIB = 2**30


def group_limits(folder: Path, membership: str, files: dict[str, str]) -> list[int]:
    (folder / "cgroup").write_text(membership)
    for name, text in files.items():
        path = folder / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return sorted(memory._group_limits(folder / "cgroup", folder / "groups"))


@pytest.mark.parametrize(
    ("membership", "files", "limits"),
    [
        ("0::/a/b\n", {"a/b/memory.max": "max\n", "a/memory.max": f"{GIB}\n"}, [GIB]),
        ("0::/a/b\n", {"a/b/memory.max": "5\n", "memory.max": "7\n"}, [5, 7]),
        ("0::/\n", {"memory.max": "7\n"}, [7]),
        ("0::/../outside\n", {"memory.max": "7\n"}, [7]),
        ("3:cpu:/a\n2:memory:/a\n", {"memory/a/memory.limit_in_bytes": "9", "cpu/x": "1"}, [9]),
        ("", {}, []),
    ],
)
def test_limits_of_a_group_and_those_around_it_hold(
    tmp_path: Path, membership: str, files: dict[str, str], limits: list[int]
) -> None:
    assert group_limits(tmp_path, membership, files) == limits


def test_no_control_groups_are_no_limit(tmp_path: Path) -> None:
    assert memory._group_limits(tmp_path / "nothing", tmp_path) == []


def test_the_machine_has_memory_and_more_does_not_fit() -> None:
    found = machine_memory()
    assert found is not None
    assert found > GIB / 4
    assert exceed_memory(found)
    assert not exceed_memory(found // 2)


def test_some_is_left_for_the_model() -> None:
    assert exceed_memory(95, 100)
    assert not exceed_memory(50, 100)
