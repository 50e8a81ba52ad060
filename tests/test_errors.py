"""Messages show names from files that others made, and must not let them rule the terminal."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.errors import printable
from tests.tiny import ROOT


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x07", r"\u001b[31mred\u0007"),
        ("a\rb\x9bc\x7f", r"a\u000db\u009bc\u007f"),
        ("gpj.\u202egnp", r"gpj.\u202egnp"),
        ("\udcff.jpg", r"\udcff.jpg"),
        ("two\nlines\tand é 🙂 👩‍👧", "two\nlines\tand é 🙂 👩‍👧"),
    ],
)
def test_what_could_rule_a_terminal_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_escaped_json_means_the_same() -> None:
    text = "".join(map(chr, [*range(0x300), *range(0x2000, 0x2070), 0xDFFF, 0xD800]))
    assert json.loads(printable(json.dumps(text, ensure_ascii=False))) == text


def test_a_message_of_a_command_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "\x1b]0;owned\x07").mkdir()
    command = [sys.executable, "-m", "pipeline", "predict", "--csv", str(tmp_path / "none.csv")]
    done = subprocess.run(
        [*command, "--images", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert r"\u001b]0;owned\u0007" in done.stderr
    assert "\x1b" not in done.stderr
