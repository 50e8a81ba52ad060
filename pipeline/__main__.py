"""The command line: python -m pipeline <command>."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module

from pipeline.errors import UserError

# A command is a module of pipeline.cli with `add_arguments(parser)` and `run(arguments)`. Only the
# one that is asked for is imported: most of them need seconds for their libraries.
COMMANDS = {
    "audit": "rank the train pairs by how likely their text is not their picture's",
    "cache": "list, verify and prune the cache of feature rows",
    "predict": "tell how picture and text of new posts relate",
    "search": "find the pictures that a few words describe",
    "serve": "open a local page to try a model on your own posts",
}


def main(words: Sequence[str]) -> None:
    """Run the command that the words of a command line name.

    A fault the user can mend ends the program with its message and status 1.
    """
    parser = argparse.ArgumentParser(prog="python -m pipeline")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary, description=summary)
        if words and words[0] == name:
            module = import_module(f"pipeline.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    arguments = parser.parse_args(words)
    try:
        arguments.run(arguments)
    except UserError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main(sys.argv[1:])
