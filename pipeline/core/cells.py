"""Text in tables that people open in a spreadsheet, which runs cells that begin like formulas."""

import re

import pandas as pd

# A tweet's @ counts too. Cells that begin with apostrophes before such a character are escaped as
# well, so that `plain` finds every text again.
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_TEXTS = ("id", "label", "image", "text", "words")


def escaped(text: str) -> str:
    """The text, after an apostrophe if a spreadsheet would take it for a formula."""
    return f"'{text}" if _FORMULA.match(text) else text


def plain(text: str) -> str:
    """The text that `escaped` was given."""
    return text[1:] if _ESCAPED.match(text) else text


def escaped_table(table: pd.DataFrame) -> pd.DataFrame:
    """A table of pairs, its columns of text escaped."""
    return table.assign(**{name: table[name].map(escaped) for name in _texts(table)})


def plain_table(table: pd.DataFrame) -> pd.DataFrame:
    """The table that `escaped_table` was given."""
    return table.assign(**{name: table[name].map(plain) for name in _texts(table)})


def _texts(table: pd.DataFrame) -> list[str]:
    return [name for name in _TEXTS if name in table]
