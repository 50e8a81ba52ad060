"""Running dvc: as users do, or in processes that begin with their libraries loaded.

The latter take a fraction of the CPU seconds. The code is DVC's and the stages' own; only how a
process starts differs: it is forked from one that has imported what they import. It is killed,
limited and waited for like any other.
"""

import atexit
import ctypes
import os
import runpy
import select
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from pipeline.errors import end_in_one_line
from tests.dvc_project import Project
from tests.encoders.rows.fresh_process import FRESH
from tests.soak.stages import PIPELINES, module_of

_INJECTED = Path(__file__).parent / "injected"
# Without the detector's stages, which import one: a test whose process is forked from the same
# server holds that nothing imports a detector before it is chosen.
_MODULES = [
    module_of(file, name)
    for file, names in PIPELINES.items()
    for name in names
    if file != "stages/detector/dvc.yaml"
]
FRESH.set_forkserver_preload(["dvc.cli", "dvc.commands.repro", "dvc.repo.reproduce", *_MODULES])
_LONGEST = 300.0
_DROP = 24  # PR_CAPBSET_DROP
_CAPABILITIES_3 = 0x20080522
_OVER_PERMISSIONS = (1, 2)  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


class ColdRun:
    """A running dvc, which leads a process group of its own."""

    def __init__(self, root: Path, environment: Mapping[str, str], *words: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dvc", *words],
            cwd=root,
            env={**environment, "PYTHONPATH": str(_INJECTED)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            preexec_fn=bow_to_permissions,
        )
        self.pid = self._process.pid

    def wait(self, seconds: float = _LONGEST) -> int:
        """The status of dvc.

        Raises:
            TimeoutError: it goes on.
        """
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired as expired:
            raise TimeoutError(str(expired)) from None

    def said(self, seconds: float = _LONGEST) -> str:
        """All that dvc and its stages wrote, when the last of them has ended.

        Raises:
            TimeoutError: one goes on.
        """
        try:
            return self._process.communicate(timeout=seconds)[0]
        except subprocess.TimeoutExpired as expired:
            raise TimeoutError(str(expired)) from None

    def kill(self) -> None:
        os.killpg(self.pid, signal.SIGKILL)


class WarmRun(ColdRun):
    """The same from processes that have their libraries."""

    def __init__(self, root: Path, environment: Mapping[str, str], *words: str) -> None:
        self._heard, told = FRESH.Pipe(duplex=False)
        self._started = FRESH.Process(target=_dvc, args=(told, root, {**environment}, words))
        self._started.start()
        told.close()
        assert self._started.pid
        self.pid = self._started.pid

    def wait(self, seconds: float = _LONGEST) -> int:
        self._started.join(seconds)
        if (status := self._started.exitcode) is None:
            raise TimeoutError(f"dvc goes on after {seconds} s")
        return status

    def said(self, seconds: float = _LONGEST) -> str:
        latest, data = time.monotonic() + seconds, b""
        handle = self._heard.fileno()
        while select.select([handle], [], [], max(0.0, latest - time.monotonic()))[0]:
            if not (part := os.read(handle, 2**16)):
                return data.decode(errors="replace")
            data += part
        raise TimeoutError(f"a stage goes on after {seconds} s")

    def kill(self) -> None:
        with suppress(ProcessLookupError):  # it does not lead its group yet
            super().kill()
        self._started.kill()


# What DVC says of records that a fault left half written, and what docs/troubleshooting.md says.
_REMEDIES = {
    "Unable to read RWLock-file": ("rm", ".dvc/tmp/rwlock"),
    "dvc.lock' validation failed": ("git", "checkout", "dvc.lock"),
    "dvc.lock', YAML file structure is corrupted": ("git", "checkout", "dvc.lock"),
}


class WarmProject(Project):
    """A project whose `dvc` starts warm; torn: how often DVC's own records were mended."""

    torn = 0

    def dvc(self, *arguments: str, expect: int = 0) -> str:
        run = WarmRun(self.root, self.environment, *arguments)
        said = run.said()
        assert run.wait() == expect, f"dvc {arguments}:\n{said}"
        return said

    def mended(self, *arguments: str) -> str:
        """`dvc` after a fault: once more with the remedy, if the fault met DVC's own records."""
        try:
            return self.dvc(*arguments)
        except AssertionError as error:
            for message, remedy in _REMEDIES.items():
                if message in str(error):
                    self.torn += 1
                    self.call(*remedy)
                    return self.dvc(*arguments)
            raise


def _dvc(told: Connection, root: Path, environment: dict[str, str], words: tuple[str, ...]) -> None:
    """In a process of its own."""
    os.setsid()
    bow_to_permissions()
    os.dup2(told.fileno(), 1)
    os.dup2(told.fileno(), 2)
    told.close()
    os.chdir(root)
    os.environ.clear()
    os.environ.update(environment)
    import dvc.stage.run
    from dvc.cli import main

    dvc.stage.run._run = _run_stage
    status = main([*words])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def _run_stage(executable: str, command: str, **kwargs: Any) -> None:
    """As DVC does, but for how the process starts; the command is `python -m <module> <words>`."""
    from dvc.stage.exceptions import StageCmdFailedError

    sys.stdout.flush()
    if (process := os.fork()) == 0:
        _stage(shlex.split(command)[2:], kwargs["cwd"], kwargs["env"])
    _, status = os.waitpid(process, 0)
    if (code := os.waitstatus_to_exitcode(status)) != 0:
        raise StageCmdFailedError(command, code)


def _stage(words: list[str], folder: str, environment: Mapping[str, str]) -> NoReturn:
    os.closerange(3, 4096)  # DVC's locks among them, and what the next line forgets
    vars(resource_tracker._resource_tracker).update(_fd=None, _pid=None)  # type: ignore[attr-defined]
    os.chdir(folder)
    os.environ.update(environment)
    module, *arguments = words
    sys.argv = [module, *arguments]
    sys.excepthook = end_in_one_line  # as stages/__init__.py does before a stage is imported
    sys.path.insert(0, str(_INJECTED))
    from moments import watch

    status = 0
    try:
        import torch

        torch.set_num_threads(int(os.environ["OMP_NUM_THREADS"]))
        sys.modules.pop(module, None)
        watch(module)
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else 1
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
    except BaseException:
        status = 1
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
    _end(status)


def _end(status: int) -> NoReturn:
    """As Python does at the end of a program."""
    threading._shutdown()  # type: ignore[attr-defined]
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def bow_to_permissions() -> None:
    """Let read-only folders be so for root, as they are for any other user."""
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "capset"):  # Linux has it
        return
    for capability in _OVER_PERMISSIONS:
        libc.prctl(_DROP, capability, 0, 0, 0)  # for programs that this process starts
    held = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable, twice 32 of each
    header = (ctypes.c_uint32 * 2)(_CAPABILITIES_3, 0)
    if libc.capget(header, held) == 0:
        for place in (0, 1):
            held[place] &= ~sum(1 << capability for capability in _OVER_PERMISSIONS)
        libc.capset(header, held)
