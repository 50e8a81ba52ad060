"""The command line: python -m pipeline <command>."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from pipeline.errors import faults_in_one_line
from pipeline.waiting import wait_briefly

# A command is a module of pipeline.cli with `add_arguments(parser)` and `run(arguments)`. Only the
# requested one is imported, since most import slow libraries.
COMMANDS = {
    "audit": "rank the train pairs by how likely image and text do not match",
    "cache": "list, verify and prune the cache of feature rows",
    "convert": "read a published checkpoint of matching into a model's folder",
    "correlate": "compare pretrained encoders' scores with people's judgments",
    "figures": "draw a run's figures for papers",
    "keywords": "write the keyword arrays of Clickture or MS-COCO as published with AMC",
    "predict": "predict the relation of image and text in new posts",
    "preset": "print a set of parameters for `dvc exp run`",
    "search": "find the images that match a query",
    "serve": "serve a local web page to try a model on your own posts",
    "triads": "write a click log of picture, query and clicks in the layout `clicks`",
}


def main(words: Sequence[str]) -> None:
    """Run the command of a command line; see `faults_in_one_line`."""
    wait_briefly()
    with faults_in_one_line():
        arguments = _parsed(words)
        arguments.run(arguments)


def _parsed(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipeline")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if words and words[0] == name:
            module = import_module(f"pipeline.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser.parse_args(words)


def command() -> None:
    """The installed command `ananet`: the same as `python -m pipeline`."""
    main(sys.argv[1:])


if __name__ == "__main__":
    command()
