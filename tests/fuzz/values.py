"""Kinds of damage to values of JSON: to what they say, and to how it is written.

A kind of `VALUES` gives another value for one that lies anywhere in a tree; one of `TREES` changes
an object or a list in place, and one of `TEXTS` what the tree is written as.
"""

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

from hypothesis import strategies as st

from tests.fuzz.damage import Draw

_DEEP = 200


def _deep(wrap: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def damage(value: Any) -> Any:
        for _ in range(_DEEP):
            value = wrap(value)
        return value

    return damage


def _first(value: Any) -> Any:
    """What a list or an object begins with, or the value itself."""
    if isinstance(value, dict):
        return next(iter(value.values()), None)
    return value[0] if isinstance(value, list) and value else value


VALUES: dict[str, Callable[[Any], Any]] = {
    "null": lambda _: None,
    "true": lambda _: True,
    "false": lambda _: False,
    "zero": lambda _: 0,
    "minus one": lambda _: -1,
    "one": lambda _: 1,
    "65536": lambda _: 2**16,
    "beyond 32 bits": lambda _: 2**32,
    "beyond 64 bits": lambda _: 2**64,
    "below 64 bits": lambda _: -(2**63) - 1,
    "of 400 digits": lambda _: 10**400,
    "half": lambda _: 0.5,
    "minus zero": lambda _: -0.0,
    "tiny": lambda _: 5e-324,
    "huge": lambda _: 1e308,
    "NaN": lambda _: float("nan"),
    "infinity": lambda _: float("inf"),
    "minus infinity": lambda _: float("-inf"),
    "no text": lambda _: "",
    "blank": lambda _: " \t\n",
    "a number as text": lambda _: "7",
    "its text": str,
    "a long text": lambda _: "long " * 20_000,
    "another text": lambda _: "another",
    "a lone surrogate": lambda _: "\ud83d",
    "NUL": lambda _: "a\0b",
    "an escape sequence": lambda _: "\x1b]0;title\x07",
    "turned writing": lambda _: "gpj.\u202egnp",
    "a mark on nothing": lambda _: "\u0301",
    "a path that leads out": lambda _: "../../../../etc/passwd",
    "an absolute path": lambda _: "/etc/passwd",
    "a drive": lambda _: "C:\\Windows",
    "an address": lambda _: "http://localhost:1/x",
    "code": lambda _: "__import__('os').abort()",
    "a template": lambda _: "{{ config }} ${HOME} %(x)s {0}",
    "no list": lambda _: [],
    "no object": lambda _: {},
    "in a list": lambda value: [value],
    "in an object": lambda value: {"value": value},
    "its first value": _first,
    "a list of it many times": lambda value: [value] * 1000,
    "deep in lists": _deep(lambda value: [value]),
    "deep in objects": _deep(lambda value: {"a": value}),
    "of another form": lambda value: list(value) if isinstance(value, dict | str) else {"0": value},
}


def _drop(node: Any, key: Any, draw: Draw) -> None:
    del node[key]


def _double(node: Any, key: Any, draw: Draw) -> None:
    node.insert(key, node[key]) if isinstance(node, list) else node.update({f"{key}2": node[key]})


def _rename(name: Callable[[str], str]) -> Callable[[Any, Any, Draw], None]:
    def damage(node: Any, key: Any, draw: Draw) -> None:
        if isinstance(node, dict):
            node[name(key)] = node.pop(key)

    return damage


def _add(node: Any, key: Any, draw: Draw) -> None:
    node.append("more") if isinstance(node, list) else node.update(more=[{"a": 1}])


def _exchange(node: Any, key: Any, draw: Draw) -> None:
    other = draw(st.sampled_from(list(node) if isinstance(node, dict) else range(len(node))))
    node[key], node[other] = node[other], node[key]


def _reverse(node: Any, key: Any, draw: Draw) -> None:
    if isinstance(node, list):
        node.reverse()
    else:
        entries = list(node.items())
        node.clear()
        node.update(reversed(entries))


def _clear(node: Any, key: Any, draw: Draw) -> None:
    node.clear()


TREES: dict[str, Callable[[Any, Any, Draw], None]] = {
    "missing": _drop,
    "twice": _double,
    "one more": _add,
    "exchanged": _exchange,
    "in another order": _reverse,
    "nothing in it": _clear,
    "name in capitals": _rename(str.upper),
    "name with a blank": _rename(lambda name: f" {name}"),
    "name of nothing": _rename(lambda name: ""),
    "name of an attribute": _rename(lambda name: "__class__"),
    "name with a point": _rename(lambda name: f"{name}.{name}"),
}
TEXTS: dict[str, Callable[[str], str]] = {
    "with a comment": lambda text: f"// damaged\n{text}",
    "with a comma too many": lambda text: text.replace("}", ",}"),
    "in single quotes": lambda text: text.replace('"', "'"),
    "twice in a file": lambda text: f"{text}\n{text}",
    "a name twice": lambda text: text.replace("{", '{"id": 1, "id": 2, ', 1),
    "a number with a zero before": lambda text: text.replace(": ", ": 0"),
    "a list that never ends": lambda text: "[" * 100_000 + text,
    "an object that never ends": lambda text: '{"a":' * 100_000 + text,
    "a number of 5,000 digits": lambda text: text.replace(": ", ": " + "1" * 5000, 1),
}
JSON = [*VALUES, *TREES, *TEXTS]


def _places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Every object or list in a tree, with each key of it."""
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in entries:
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)


def damaged_tree(kind: str, tree: Any, draw: Draw) -> Any:
    """A copy of an object or a list, damaged in one place; kind: of `VALUES` or `TREES`."""
    holder = [deepcopy(tree)]
    places = list(_places(holder))
    if kind in TREES:
        places = places[1:]
    node, key = draw(st.sampled_from(places))
    if kind in TREES:
        TREES[kind](node, key, draw)
    else:
        node[key] = VALUES[kind](node[key])
    return holder[0]


def damaged_json(kind: str, tree: Any, draw: Draw) -> bytes:
    """The bytes of an object or a list, damaged in one place."""
    if kind in TEXTS:
        return TEXTS[kind](json.dumps(tree)).encode()
    return json.dumps(damaged_tree(kind, tree, draw)).encode()
