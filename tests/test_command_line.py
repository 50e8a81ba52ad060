import subprocess
import sys

import pytest

from pipeline.__main__ import COMMANDS, main


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main([command, "--help"])
    assert end.value.code == 0
    assert COMMANDS[command] in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("words", [[], ["nothing"]])
def test_no_such_command_is_an_error_that_names_them(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(words)
    assert end.value.code == 2
    assert "command" in capsys.readouterr().err


def test_asking_for_help_imports_no_heavy_library() -> None:
    heavy = {"torch", "pandas", "h5py", "transformers"}
    code = (
        "import sys; from pipeline.__main__ import main\n"
        "try: main(['--help'])\n"
        f"except SystemExit: print({heavy} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "set()"
