"""One thin script per stage of dvc.yaml: read params, call the library, write outputs."""

import sys
from collections.abc import Callable

from pipeline.errors import UserError
from pipeline.waiting import wait_briefly

wait_briefly()


def run(main: Callable[[], None]) -> None:
    """Call a stage's `main`; a fault the user can mend ends it with its message and status 1."""
    try:
        main()
    except UserError as error:
        sys.exit(f"error: {error}")
