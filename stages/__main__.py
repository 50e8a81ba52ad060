"""DVC with every pipeline in its sight: python -m stages, with the words that follow dvc.

`dvc` itself sees the main pipeline alone, since .dvcignore hides the others. Their stages, outputs
and parameters would stand in each answer of DVC, and every experiment would read them, repeatedly.
"""

import sys
from collections.abc import Sequence

from dvc.cli import main as dvc

from pipeline.errors import UserError
from stages.sight import SIGHT


def main(words: Sequence[str]) -> int:
    """Call DVC; returns its exit status.

    Raises:
        UserError: called elsewhere than in the project's root.
    """
    if not SIGHT.parent.is_dir():
        raise UserError("run this from the project's root")
    # Another call in progress needs it too, and takes it away in the end.
    is_there = SIGHT.exists()
    SIGHT.write_text("!dvc.yaml\n", encoding="utf-8")
    try:
        return int(dvc([*words]))
    finally:
        if not is_there:
            SIGHT.unlink(missing_ok=True)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except UserError as error:
        sys.exit(f"error: {error}")
