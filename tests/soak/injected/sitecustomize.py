"""Python imports this before all else where PYTHONPATH has its folder."""

import sys

if sys.orig_argv[1:2] == ["-m"] and sys.orig_argv[2].startswith("stages."):
    from moments import watch

    watch(sys.orig_argv[2])
