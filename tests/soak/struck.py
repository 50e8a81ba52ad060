"""A project whose stages are struck by faults, and what must hold after each."""

import json
import os
import random
import re
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.soak.runs import ColdRun, WarmProject, WarmRun
from tests.soak.stages import Stage

PHASES = ("starting", "reading", "computing", "writing")
# What ends the process from without: a SIGKILL without a word, and so does a SIGTERM.
KILLS = (
    *("SIGKILL to dvc and stage", "SIGKILL to the stage"),
    *("SIGTERM to dvc and stage", "SIGTERM to dvc"),
)
LACKS = ("disk full", "no more open files", "folders read-only", "memory used up")

# What Python says where the hook that strikes has no memory left to be called again.
_FAILED_STRIKES = ("Exception ignored in audit hook", "error return without exception set")
_LATEST = 0.004  # seconds from an event to a kill
_UNTRACKED = ("pretrained", "interim/locks")
_TRACKED = "pretrained/ananet/own"
_CURVES = "/training/"  # they grow with each epoch
# Files that differ in each run, by a date or by measured times, and how a whole one ends.
_VARYING = {"index.html": b"</html>", "detector.json": b"}"}


@dataclass
class Met:
    """Faults by kind, and by the phase of the stage."""

    struck: Counter[str] = field(default_factory=Counter)
    phases: Counter[str] = field(default_factory=Counter)


class Struck:
    """A project after a run, and the stages of one of its pipelines, which are struck.

    met: where faults are counted. filler: a file on the project's own small file system, if it has
    one, which fills it.
    """

    def __init__(
        self,
        project: WarmProject,
        stages: Sequence[Stage],
        met: Met | None = None,
        filler: Path | None = None,
    ) -> None:
        self.project, self.met = project, met or Met()
        self._root, self._filler = project.root, filler
        self._targets = [str(stage) for stage in stages]
        self._expected = _digests(self._root)
        self._lock = stages[0].lock
        self._records = _records(self._root, self._lock)
        self._moments = {stage: self._counted(stage) for stage in stages}

    def series(self, stage: Stage, faults: Sequence[str], rng: random.Random) -> None:
        """Make a stage's outputs anew under faults, one a `dvc repro`, and then without any."""
        self._forget(stage)
        case: dict[str, Any] = {}
        try:
            for fault in faults:
                case = self._drawn(stage, fault, rng)
                while not self._strike(stage, case):
                    self._end()
                    self._forget(stage)
                    case = self._drawn(stage, fault, rng)
            self._end()
        except AssertionError as error:
            raise AssertionError(f"{stage}, {faults}, last {case}: {error}") from error

    def _counted(self, stage: Stage) -> dict[str, int]:
        """How many events each phase of a stage has, where no row is cached."""
        counts: dict[str, int] = {}
        path = self._root.parent / "counts.json"
        for phase in ("starting", "computing"):  # the latter with those after it
            self._forget(stage)
            run = self._start({"stage": stage.module, "phase": phase, "counts": str(path)})
            said = run.said()
            assert run.wait() == 0, said
            counts = json.loads(path.read_text()) | counts
            if phase == "starting":
                counts = {phase: counts[phase]}
        return counts

    def _drawn(self, stage: Stage, fault: str, rng: random.Random) -> dict[str, Any]:
        phase = rng.choice(PHASES)
        number = rng.randint(1, self._moments[stage][phase])
        delay = rng.choice([0.0, rng.uniform(0, _LATEST)]) if fault in KILLS else 0.0
        return {"phase": phase, "number": number, "delay": delay, "fault": fault}

    def _forget(self, stage: Stage) -> None:
        """As in a clone to which nobody has given the outputs or rows of this stage."""
        shutil.rmtree(self.project.environment["ANANET_CACHE"], ignore_errors=True)
        for name in stage.outputs:
            _remove(self._root / name)
        shutil.rmtree(self._root / ".dvc/cache/runs", ignore_errors=True)
        yaml, lock = YAML(), self._root / stage.lock
        records = yaml.load(lock)
        del records["stages"][stage.name]
        yaml.dump(records, lock)

    def _strike(self, stage: Stage, case: dict[str, Any]) -> bool:
        """Whether the moment came: work that an earlier run did has none."""
        fault, mark = case["fault"], self._root.parent / "struck"
        mark.unlink(missing_ok=True)
        run = self._start({"stage": stage.module, "mark": str(mark), **case})
        try:
            status = run.wait()
            if fault == "SIGTERM to dvc":  # the stage goes on
                self._repro_beside()
            said = run.said()
        except TimeoutError as error:
            run.kill()
            raise AssertionError(str(error)) from None
        finally:
            self._mend()
        self._require_whole(stage)
        if not mark.exists() or any(message in said for message in _FAILED_STRIKES):
            return False
        _require_reason(status, said, needed=fault in LACKS)
        self.met.struck[fault] += 1
        self.met.phases[case["phase"]] += 1
        return True

    def _start(self, strike: dict[str, Any]) -> ColdRun:
        """Cold where the imports of a stage are struck, and warm otherwise."""
        filler = {"STRIKE_FILLER": str(self._filler)} if self._filler else {}
        told = self.project.environment | {"STRIKE": json.dumps(strike), **filler}
        kind = ColdRun if strike["phase"] == "starting" else WarmRun
        return kind(self._root, told, "repro", *self._targets)

    def _repro_beside(self) -> None:
        """It may do nothing, or be refused."""
        run = WarmRun(self._root, self.project.environment, "repro", *self._targets)
        said = run.said()
        _require_reason(run.wait(), said, needed=True)

    def _mend(self) -> None:
        if self._filler:
            self._filler.unlink(missing_ok=True)
        for top in (self._root / "data", self.project.environment["ANANET_CACHE"]):
            for folder, _, _ in os.walk(top):
                os.chmod(folder, 0o755)  # noqa: PTH101

    def _require_whole(self, stage: Stage) -> None:
        """Of the stage's outputs, those that are there are what they were."""
        for name, digest in _digests(self._root).items():
            if name.startswith(stage.outputs) and _CURVES not in name:
                assert digest == self._expected.get(name), f"{name} is half written"

    def _end(self) -> None:
        self.project.mended("repro", *self._targets)
        there = _digests(self._root)
        changed = {name for name, _ in there.items() ^ self._expected.items()}
        assert not changed, f"{sorted(changed)} differ after one dvc repro"
        assert _records(self._root, self._lock) == self._records


def _require_reason(status: int, said: str, needed: bool) -> None:
    """needed: a line beside DVC's own, which only says that a stage failed."""
    # A library's own exit handler may lack the memory, after the stage has said so.
    own = re.sub(
        r"^Exception ignored in atexit callback.*?(?=^ERROR:|\Z)", "", said, flags=re.M | re.S
    )
    assert "Traceback" not in own, said
    reasons = re.findall("^error: (?!failed to reproduce .* exited with)", said, re.I | re.M)
    assert status == 0 or reasons or not needed, said


def _records(root: Path, lock: str) -> dict[str, Any]:
    """What a pipeline's dvc.lock says of all stages but those whose files vary."""
    stages: dict[str, Any] = YAML(typ="safe").load(root / lock)["stages"]
    return {
        name: entry
        for name, entry in stages.items()
        if _VARYING.keys().isdisjoint(Path(out["path"]).name for out in entry.get("outs", []))
    }


def _digests(root: Path) -> dict[str, str]:
    """The sha256 of every file that the stages make, and of those that vary that they are whole."""
    return {name: _digest(root / name) for name in _made(root)}


def _digest(path: Path) -> str:
    data = path.read_bytes()
    if path.name in _VARYING:
        return "whole" if data.rstrip().endswith(_VARYING[path.name]) else "half"
    return sha256(data).hexdigest()


def _made(root: Path) -> Iterator[str]:
    data = root / "data"
    for path in sorted(data.rglob("*")):
        name = path.relative_to(data).as_posix()
        if path.name.startswith(".") and path.suffix == ".tmp":  # of a killed process
            continue
        if path.is_file() and (name.startswith(_TRACKED) or not name.startswith(_UNTRACKED)):
            yield f"data/{name}"


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
