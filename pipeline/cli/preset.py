"""python -m pipeline preset: a set of parameters, as `dvc exp run` takes them."""

import json
from argparse import ArgumentParser, Namespace

from pipeline.params.base import PARAMS_FILE
from pipeline.params.presets import MATCHING, PRESETS, find_preset


def add_arguments(parser: ArgumentParser) -> None:
    parser.epilog = "For example: dvc exp run $(python -m pipeline preset pretrained)"
    parser.add_argument("name", choices=[*PRESETS, *MATCHING])


def run(arguments: Namespace) -> None:
    preset = find_preset(arguments.name)
    file = "" if preset.file == PARAMS_FILE else f"{preset.file.as_posix()}:"
    print(" ".join(f"-S {file}{key}={_shown(value)}" for key, value in preset.values.items()))


def _shown(value: object) -> str:
    # Without spaces, at which the shell would part it.
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
