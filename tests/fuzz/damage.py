"""Kinds of damage to the bytes of a file.

A damage takes the bytes and hypothesis' `draw`, which decides where it strikes.
"""

import base64
import gzip
import pickle
import re
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

Draw = Callable[[st.SearchStrategy[Any]], Any]
Damage = Callable[[bytes, Draw], bytes]

_MANY = 200


class _Code:
    """What a pickle would run."""

    def __reduce__(self) -> tuple[Callable[..., None], tuple[str]]:
        return exec, ("raise SystemError('code of a damaged file was run')",)


def _cut(data: bytes, draw: Draw) -> tuple[bytes, bytes]:
    place = draw(st.integers(0, len(data)))
    return data[:place], data[place:]


def _parts(data: bytes, draw: Draw, cuts: int = 2) -> list[bytes]:
    """The bytes in parts, with one more than there are cuts."""
    places = sorted(draw(st.integers(0, len(data))) for _ in range(cuts))
    ends = zip([0, *places], [*places, len(data)], strict=True)
    return [data[start:stop] for start, stop in ends]


def _whole(change: Callable[[bytes], bytes]) -> Damage:
    return lambda data, _: change(data)


def _instead(data: bytes) -> Damage:
    return lambda *_: data


def _part(change: Callable[[bytes], bytes]) -> Damage:
    """Change a part of any length."""

    def damage(data: bytes, draw: Draw) -> bytes:
        before, part, after = _parts(data, draw)
        return before + change(part) + after

    return damage


def _insert(added: bytes) -> Damage:
    return lambda data, draw: added.join(_cut(data, draw))


def _overwrite(field: bytes) -> Damage:
    """Put a field of a fixed width in the place of as many bytes."""

    def damage(data: bytes, draw: Draw) -> bytes:
        before, after = _cut(data, draw)
        return before + field + after[len(field) :]

    return damage


def _number(text: bytes) -> Damage:
    """Put a text in the place of one of the decimal numbers."""

    def damage(data: bytes, draw: Draw) -> bytes:
        numbers = list(re.finditer(rb"-?\d+(?:\.\d+)?", data))
        if not numbers:
            return _insert(text)(data, draw)
        found = draw(st.sampled_from(numbers))
        return data[: found.start()] + text + data[found.end() :]

    return damage


def _without_one(signs: bytes) -> Damage:
    """Leave out one of the signs."""

    def damage(data: bytes, draw: Draw) -> bytes:
        places = [place for place, value in enumerate(data) if value in signs]
        place = draw(st.sampled_from(places or [0]))
        return data[:place] + data[place + 1 :]

    return damage


def _bits(count: int) -> Damage:
    def damage(data: bytes, draw: Draw) -> bytes:
        damaged = bytearray(data)
        for _ in range(count):
            damaged[draw(st.integers(0, len(data) - 1))] ^= 1 << draw(st.integers(0, 7))
        return bytes(damaged)

    return damage


def _noise(data: bytes, draw: Draw) -> bytes:
    before, part, after = _parts(data, draw)
    return before + draw(st.binary(min_size=len(part), max_size=len(part))) + after


def _recoded(data: bytes, encoding: str) -> bytes:
    return data.decode("latin-1").encode(encoding)


def _permuted(data: bytes, draw: Draw) -> bytes:
    return b"".join(draw(st.permutations(_parts(data, draw, cuts=5))))


def _swapped(data: bytes, draw: Draw) -> bytes:
    first, one, between, other, last = _parts(data, draw, cuts=4)
    return first + other + between + one + last


BYTES: dict[str, Damage] = {
    "empty": _instead(b""),
    "one byte": _whole(lambda data: data[:1]),
    "half": _whole(lambda data: data[: len(data) // 2]),
    "last byte gone": _whole(lambda data: data[:-1]),
    "first byte gone": _whole(lambda data: data[1:]),
    "end gone": lambda data, draw: _cut(data, draw)[0],
    "beginning gone": lambda data, draw: _cut(data, draw)[1],
    "part gone": _part(lambda part: b""),
    "bit flipped": _bits(1),
    "bits flipped": _bits(20),
    "part inverted": _part(lambda part: bytes(value ^ 0xFF for value in part)),
    "part zero": _part(lambda part: bytes(len(part))),
    "part ones": _part(lambda part: b"\xff" * len(part)),
    "part noise": _noise,
    "part reversed": _part(lambda part: part[::-1]),
    "part twice": _part(lambda part: part * 2),
    "part many times": _part(lambda part: part * _MANY),
    "parts swapped": _swapped,
    "parts permuted": _permuted,
    "all zero": _whole(lambda data: bytes(len(data))),
    "all noise": lambda data, draw: draw(st.binary(max_size=_MANY)),
    "all reversed": _whole(lambda data: data[::-1]),
    "twice": _whole(lambda data: data * 2),
    "turned": lambda data, draw: b"".join(_cut(data, draw)[::-1]),
    "bytes inserted": lambda data, draw: draw(st.binary(max_size=9)).join(_cut(data, draw)),
    "NUL inserted": _insert(b"\0"),
    "zeros inserted": _insert(bytes(4096)),
    "zeros appended": _whole(lambda data: data + bytes(512)),
    "text appended": _whole(lambda data: data + b"\n<!-- cached -->\n"),
    "text before": _whole(lambda data: b"HTTP/1.1 200 OK\r\n\r\n" + data),
    "byte order mark before": _whole(lambda data: b"\xef\xbb\xbf" + data),
    "other byte order mark before": _whole(lambda data: b"\xff\xfe" + data),
    "16 bits zero": _overwrite(bytes(2)),
    "16 bits ones": _overwrite(b"\xff" * 2),
    "32 bits zero": _overwrite(bytes(4)),
    "32 bits ones": _overwrite(b"\xff" * 4),
    "largest 32 bits": _overwrite(b"\xff\xff\xff\x7f"),
    "largest 32 bits, big-endian": _overwrite(b"\x7f\xff\xff\xff"),
    "64 bits ones": _overwrite(b"\xff" * 8),
    "largest 64 bits": _overwrite(b"\xff" * 7 + b"\x7f"),
    "NaN of 32 bits": _overwrite(b"\0\0\xc0\x7f"),
    "infinity of 64 bits": _overwrite(b"\0\0\0\0\0\0\xf0\x7f"),
    "7 bits": _whole(lambda data: bytes(value & 0x7F for value in data)),
    "line ends of Windows": _whole(lambda data: data.replace(b"\n", b"\r\n")),
    "line ends of old Macs": _whole(lambda data: data.replace(b"\n", b"\r")),
    "line ends gone": _whole(lambda data: data.replace(b"\r", b"").replace(b"\n", b"")),
    "line end inserted": _insert(b"\n"),
    "in capitals": _whole(bytes.upper),
    "UTF-8 twice": _whole(lambda data: _recoded(data, "utf-8")),
    "UTF-16": _whole(lambda data: _recoded(data, "utf-16")),
    "UTF-32 without a mark": _whole(lambda data: _recoded(data, "utf-32-be")),
    "surrogate inserted": _insert(b"\xed\xa0\xbd"),
    "escape sequence inserted": _insert(b"\x1b]0;title\x07"),
    "quote inserted": _insert(b'"'),
    "comma inserted": _insert(b","),
    "tab inserted": _insert(b"\t"),
    "bracket inserted": _insert(b"["),
    "many brackets inserted": _insert(b"[" * 100_000),
    "quote gone": _without_one(b"\"'"),
    "separator gone": _without_one(b",:;\t"),
    "bracket gone": _without_one(b"[]{}()"),
    "number huge": _number(b"9" * 30),
    "number beyond Python": _number(b"9" * 5000),
    "number negative": _number(b"-7"),
    "number zero": _number(b"0"),
    "number with a point": _number(b"0.5"),
    "number with an exponent": _number(b"1e999"),
    "number NaN": _number(b"NaN"),
    "number of other digits": _number("٣".encode()),
    "number a word": _number(b"seven"),
    "compressed": _whole(lambda data: gzip.compress(data, mtime=0)),
    "in base64": _whole(base64.b64encode),
    "a pickle": _instead(pickle.dumps(_Code())),
    "an older pickle": _instead(pickle.dumps(_Code(), protocol=0)),
    "an error page": _instead(b"<!DOCTYPE html>\n<html><body>404 Not Found</body></html>\n"),
    "a pointer of Git LFS": _instead(
        b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 12\n"
    ),
    "another kind of file": lambda data, draw: draw(st.sampled_from(_BEGINNINGS)) + data[8:],
}
_BEGINNINGS = [
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xe0\0\x10JF", b"GIF89a\1\0", b"BM\x46\0\0\0\0\0"),
    *(b"RIFF\x24\0\0\0", b"II*\0\x08\0\0\0", b"MM\0*\0\0\0\x08", b"%!PS-Ado", b"%PDF-1.7"),
    *(b"PK\3\4\x14\0\0\0", b"PK\5\6\0\0\0\0", b"\x1f\x8b\x08\0\0\0\0\0", b"\x7fELF\2\1\1\0"),
    *(b"\x89HDF\r\n\x1a\n", b"\x93NUMPY\1\0", b"\x80\4\x95\0\0\0\0\0", b"SQLite f", b"PAR1\x15\0"),
]
