"""The exception for faults that the user can correct, and how messages reach a terminal."""

import re

# Control characters but tabs and line breaks, those that turn the direction of writing, and what
# stands for bytes of names that are no UTF-8. A name with them could rule the terminal.
_HARMFUL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class UserError(ValueError):
    """A wrong parameter, table, image or file: the message says what, where and what is allowed.

    Stages print it without a traceback.
    """


def first_line(error: Exception) -> str:
    """The first line of an error's message, or else its type."""
    return str(error).strip().partition("\n")[0] or type(error).__name__


def printable(text: str) -> str:
    """Text for a terminal, with escapes for the characters that could rule it; JSON stays JSON."""
    return _HARMFUL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
