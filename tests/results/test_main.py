"""What `make results` says before it runs."""

import re

import pytest

from pipeline.errors import UserError
from results.__main__ import main
from results.plan import load_plan
from tests.tiny import ROOT


def test_the_plan_names_every_part_its_state_and_the_hours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("REAL_DATA", raising=False)
    main(["--plan"])
    *_, total, empty = capsys.readouterr().out.split("\n")[:-1]
    assert (bool(re.match(r"\d+ parts to run: about \d+\.\d hours", total)), empty) == (True, "")


def test_parts_of_real_data_wait_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("REAL_DATA", raising=False)
    main(["--plan", "correlation"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split()[:3] == ["correlation", "no", "REAL_DATA"]
    assert lines[2].startswith("0 parts to run")


def test_unknown_parts_are_named() -> None:
    with pytest.raises(UserError, match=r"no parts \['photo'\]; there are: correlation"):
        main(["photo"])


def test_every_part_is_shown_somewhere() -> None:
    parts = load_plan().parts
    text = (ROOT / "docs" / "results.md").read_text(encoding="utf-8")
    assert [name for name in parts if f'"{name}"' not in text] == []
