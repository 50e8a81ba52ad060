"""python -m pipeline preset: a set of parameters, as `dvc exp run` takes them."""

import json
from argparse import ArgumentParser, Namespace

from pipeline.params.presets import PRESETS


def add_arguments(parser: ArgumentParser) -> None:
    parser.epilog = "For example: dvc exp run $(python -m pipeline preset pretrained)"
    parser.add_argument("name", choices=PRESETS)


def run(arguments: Namespace) -> None:
    values = PRESETS[arguments.name]
    print(" ".join(f"-S {key}={_shown(value)}" for key, value in values.items()))


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
