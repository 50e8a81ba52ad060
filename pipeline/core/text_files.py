"""Reads text files strictly: a wrong encoding is an error, with its place."""

import codecs
from pathlib import Path

from pipeline.errors import UserError
from pipeline.faults import contents

# Suggested in messages; GB 18030 covers GBK and GB 2312.
_COMMON = ("utf-8", "gb18030", "cp1252")


def read_text(path: Path, encoding: str) -> str:
    """The whole file with its line ends, without a byte order mark.

    Raises:
        UserError: there is no such file, the encoding is unknown or wrong, or the file has NUL
            bytes; with byte offset and line.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise UserError(f"{path}: no such file; {contents(path.parent)}") from None
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}") from None
    if b"\0" in data and not _is_wide(encoding):
        raise UserError(
            f"{_place(path, data, data.index(0))}: NUL byte, which text does not"
            " have, except as UTF-16; corpus.encoding: utf-16?"
        )
    return _decode(path, data, encoding).removeprefix("\ufeff")


def without_surrogates(text: str) -> str:
    """Text from JSON, which can escape a lone surrogate (\\ud83d) that UTF-8 cannot encode."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _decode(path: Path, data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except LookupError:
        raise UserError(
            f"corpus.encoding = {encoding!r}: Python has no such text encoding"
        ) from None
    except UnicodeDecodeError as error:
        # A codec that skips a byte order mark does not count it.
        start = error.start + len(data) - len(error.object)
        raise UserError(
            f"{_place(path, data, start)}: byte 0x{data[start]:02x} is not {encoding}"
            f" ({error.reason}); {_other_encodings(data)}"
        ) from None


def _place(path: Path, data: bytes, offset: int) -> str:
    line = 1 + data.count(b"\n", 0, offset)
    return f"{path}, line {line} (byte {offset})"


def _is_wide(encoding: str) -> bool:
    try:
        return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))
    except LookupError:
        return False


def _other_encodings(data: bytes) -> str:
    fitting = []
    for encoding in _COMMON:
        try:
            data.decode(encoding)
        except UnicodeDecodeError:
            continue
        fitting.append(encoding)
    if not fitting:
        return "no common encoding fits the whole file, so it may be damaged there"
    return (
        f"the whole file can be read as {' or as '.join(fitting)}:"
        " check which is right, and set corpus.encoding"
    )
