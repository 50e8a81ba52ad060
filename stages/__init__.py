"""One thin script per stage of dvc.yaml: read params, call the library, write outputs."""

import os
import sys
from collections.abc import Callable

from pipeline import paths
from pipeline.errors import end_in_one_line
from pipeline.waiting import wait_briefly

# First of all, as a stage's imports can meet what stops it, too. So Python calls a program that it
# has yet to find: whatever else imports this keeps its tracebacks.
if sys.argv[0] == "-m":
    sys.excepthook = end_in_one_line
wait_briefly()


def run(main: Callable[[], None]) -> None:
    """Call a stage's `main`.

    Where the same stage with the same arguments is still running, it ends at once: what it writes
    would go into this run's outputs.
    """
    from pipeline.locks import only_writer  # a library that takes files and memory to import

    name = _name()
    with only_writer(paths.LOCKS / f"{name}.lock", f"what {name} makes"):
        main()


def _name() -> str:
    """Of the stage with its arguments; the processes of one training each have their own."""
    module = sys.modules["__main__"].__spec__
    rank = [f"rank{os.environ['RANK']}"] if "RANK" in os.environ else []
    return "-".join([module.name if module else "stage", *sys.argv[1:], *rank])
