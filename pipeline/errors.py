"""The exception for faults that the user can correct, and how messages reach a terminal."""

import errno
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

# Control characters but tabs and line breaks, those that turn the direction of writing, and what
# stands for bytes of names that are no UTF-8. A name with them could rule the terminal.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

# PyTorch has no class of its own for either.
_NO_MEMORY = re.compile("out of memory|(can't|cannot) allocate memory|not enough memory", re.I)
_NO_THREAD = "can't start new thread"
# What the machine lacks, whatever asked for it; importing a library asks as well.
_LACKS = {errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT}
_NO_LIBRARY = re.compile("Too many open files|Cannot allocate memory|failed to map segment", re.I)
# Address space that is given back where something fails: a message needs memory, too.
_RESERVE = [bytearray(2**22)]
# Of a message. Ten faults of a kind fit in it, a whole file does not.
_MOST_LINES, _MOST_CHARACTERS = 50, 1000


class UserError(ValueError):
    """A wrong parameter, table, image or file: the message says what, where and what is allowed.

    Stages print it without a traceback.
    """


def not_made(path: Path) -> UserError:
    """The error of a reader that lacks a stage's output."""
    return UserError(f"{path} not found; run the stage that writes it (dvc repro)")


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or else its type."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def printable(text: str) -> str:
    """Text for a terminal, with escapes for the characters that could rule it; JSON stays JSON."""
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def shortened(message: str) -> str:
    """A message in which long lines end in dots, as do many lines: a name may be a whole file."""
    lines = [
        line if len(line) <= _MOST_CHARACTERS else f"{line[:_MOST_CHARACTERS]} ..."
        for line in message.split("\n", _MOST_LINES)[:_MOST_LINES]
    ]
    return "\n".join(lines if message.count("\n") < _MOST_LINES else [*lines, "..."])


@contextmanager
def faults_in_one_line() -> Iterator[None]:
    """End the program with status 1 and a message for what the user or the machine can mend.

    Everything else is a fault of the program, and keeps its traceback.
    """
    try:
        yield
    except Exception as error:
        _RESERVE.clear()
        if (reason := _reason(error)) is None:
            raise
        sys.exit(_message(reason))


def end_in_one_line(
    kind: type[BaseException], error: BaseException, traceback: TracebackType | None
) -> None:
    """`faults_in_one_line` as a `sys.excepthook`, for a program that imports libraries first."""
    _RESERVE.clear()
    if isinstance(error, Exception) and (reason := _reason(error)) is not None:
        print(_message(reason), file=sys.stderr)
    else:
        sys.__excepthook__(kind, error, traceback)


def _message(reason: str) -> str:
    return printable(shortened(f"error: {reason}"))


def _reason(error: BaseException) -> str | None:
    """What can be mended, or None; a library may have raised its own error because of it."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, OSError):
        return _reason_of_system(error)
    if (reason := _lack(error)) is not None:
        return reason
    cause = error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, OSError) and cause.errno in _LACKS:
            return _reason_of_system(cause)
        if (reason := _lack(cause)) is not None:
            return reason
        cause = cause.__cause__ or cause.__context__
    return None


def _reason_of_system(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename is not None else ""
    return f"{place}{error.strerror or first_line(error)}"


def _lack(error: BaseException) -> str | None:
    """What the machine does not have, in errors that carry no number of the system."""
    said = str(error)
    no_memory = isinstance(error, RuntimeError) and _NO_MEMORY.search(said)
    if isinstance(error, MemoryError) or no_memory:
        return f"the memory does not suffice: {first_line(error)}"
    if isinstance(error, RuntimeError) and _NO_THREAD in said:
        return "the system lets no further thread start"
    if isinstance(error, ImportError) and _NO_LIBRARY.search(said):
        return f"a library cannot be loaded: {first_line(error)}"
    if (type(error).__module__, type(error).__name__) == ("sqlite3", "OperationalError"):
        return f"a database of DVC cannot be used: {first_line(error)}"
    return None
