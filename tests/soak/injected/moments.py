"""Strikes a stage at a chosen moment.

The variable STRIKE is JSON. stage: the module that is struck. phase, number: the moment, as the
number of an event of a phase (see `Moments`). fault, delay: what happens then, and after how many
seconds. mark: a file that is made before it does. Without a fault, the events are counted, and
their numbers written to the file `counts`.
"""

import atexit
import json
import os
import sys
import threading
import time
from collections import Counter
from types import FrameType
from typing import Any

from blows import FAULTS

_WRITES = {"write", "writelines", "flush", "fsync", "replace", "truncate", "mkdir", "unlink"}
_READS = {"read", "readinto", "readline", "readlines", "readall", "listdir", "scandir"}


class Moments:
    """Numbers the events of a stage by phase.

    starting: modules that are imported, up to the stage's lock. After it, computing: calls of the
    library's functions. reading, writing: files opened for either, and calls of Python's own
    functions that do it.
    """

    def __init__(self, strike: dict[str, Any]) -> None:
        self.strike = strike
        self.counts: Counter[str] = Counter()
        self._working = False
        sys.addaudithook(self._heard)

    def _heard(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "import" and not self._working:
            self._met("starting")
        elif event == "open" and self._working:
            self._met("writing" if arguments[2] & (os.O_WRONLY | os.O_RDWR) else "reading")
        elif event == "open" and str(arguments[0]).endswith(".lock"):
            self._working = True
            threading.setprofile(self._called)
            sys.setprofile(self._called)

    def _called(self, frame: FrameType, event: str, called: Any) -> None:
        if event == "c_call" and not isinstance(called.__self__, str):  # "".replace writes nothing
            if called.__name__ in _WRITES:
                self._met("writing")
            elif called.__name__ in _READS:
                self._met("reading")
        elif event == "call" and "/pipeline/" in frame.f_code.co_filename:
            self._met("computing")

    def _met(self, phase: str) -> None:
        self.counts[phase] += 1
        moment = (self.strike["phase"], self.strike.get("number"))
        if moment == (phase, self.counts[phase]):
            if delay := self.strike["delay"]:
                threading.Thread(target=self._later, args=(delay,), daemon=True).start()
            else:
                self._now()

    def _later(self, delay: float) -> None:
        time.sleep(delay)
        self._now()

    def _now(self) -> None:
        self.strike["number"] = None  # once
        with open(self.strike["mark"], "w"):  # noqa: PTH123
            pass
        FAULTS[self.strike["fault"]]()

    def write(self) -> None:
        with open(self.strike["counts"], "w", encoding="utf-8") as file:  # noqa: PTH123
            json.dump(self.counts, file)


def watch(module: str) -> None:
    """Begin to number the events of a stage, if STRIKE is about it."""
    strike = json.loads(os.environ.get("STRIKE", "{}"))
    if strike.get("stage") != module:
        return
    moments = Moments(strike)
    if "fault" not in strike:
        atexit.register(moments.write)
