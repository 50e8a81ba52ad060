"""The exception for faults that the user can correct."""


class UserError(ValueError):
    """A wrong parameter, table, image or file: the message says what, where and what is allowed.

    Stages print it without a traceback.
    """


def first_line(error: Exception) -> str:
    """The first line of an error's message, or else its type."""
    return str(error).strip().partition("\n")[0] or type(error).__name__
