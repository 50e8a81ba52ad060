"""The tables of parameters: types and limits from the models, the rest from the files themselves.

What a parameter does stands in its file, in the comment above it, and nowhere else.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.params.base import Section
from pipeline.studies.tables.tables import markdown

_HEADERS = ("key", "type", "allowed", "default", "what it does")
_TYPES = {"integer": "whole number", "number": "number", "string": "text", "boolean": "boolean"}
_LIMITS = {
    "minimum": "at least {}",
    "exclusiveMinimum": "above {}",
    "maximum": "at most {}",
    "exclusiveMaximum": "below {}",
}
Schema = Mapping[str, Any]


def table(file: str, kind: type[Section]) -> str:
    """Every section and parameter of a file, in its order; kind: the model of the whole file."""
    text = Path(file).read_text(encoding="utf-8")
    schema, comments = kind.model_json_schema(by_alias=True), described(text)
    lines = []
    for key, field, value in _walk(schema, schema, YAML(typ="safe", pure=True).load(text)):
        told = _escaped(comments.get(key, ""))
        if "properties" in field:
            lines.append([f"**`{key}`**", "", "", "", told])
        else:
            facts = (_type(field), _allowed(field), _shown(value))
            lines.append([f"`{key}`", *map(_escaped, facts), told])
    return markdown(_HEADERS, lines)


def described(text: str) -> dict[str, str]:
    """The comment above each key of a file of parameters, by dotted key.

    A line that begins with a key of the same section and a colon is about that key.
    """
    above = dict(_comments(text))
    found: dict[str, list[str]] = {}
    for key, lines in above.items():
        section, about = key.rpartition(".")[0], key
        for line in lines:
            name, _, rest = line.partition(": ")
            named = f"{section}.{name}".removeprefix(".")
            if named in above:
                about, line = named, rest
            found.setdefault(about, []).append(line)
    return {key: " ".join(lines) for key, lines in found.items()}


def _comments(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield every dotted key, and the lines of the comment right above it."""
    parents: list[tuple[int, str]] = []
    comment: list[str] = []
    for line in text.splitlines():
        if match := re.match(r" *# ?(.*)", line):
            comment.append(match[1])
        elif match := re.match(r"( *)(\w+):", line):
            depth = len(match[1])
            parents = [*(parent for parent in parents if parent[0] < depth), (depth, match[2])]
            yield ".".join(name for _, name in parents), comment
            comment = []
        else:
            comment = []


def _walk(
    schema: Schema, root: Schema, values: Mapping[str, Any], above: str = ""
) -> Iterator[tuple[str, Schema, Any]]:
    """Yield dotted key, schema and value of every section and parameter."""
    for name, value in values.items():
        field = schema["properties"][name]
        found = root["$defs"][field["$ref"].rpartition("/")[2]] if "$ref" in field else field
        yield f"{above}{name}", found, value
        if "properties" in found:
            yield from _walk(found, root, value, f"{above}{name}.")


def _type(field: Schema) -> str:
    if "anyOf" in field:
        return f"{_type(field['anyOf'][0])}, or empty"
    if field["type"] == "array":
        return f"list: {_type(field['items'])}"
    return _TYPES.get(field["type"], "table")


def _allowed(field: Schema) -> str:
    if "anyOf" in field:
        return _allowed(field["anyOf"][0])
    choices: Sequence[Any] = field.get("enum") or [field[key] for key in ("const",) if key in field]
    if choices or "allowed" in field:
        return field.get("allowed") or " | ".join(map(str, choices))
    if "items" in field:
        each = _allowed(field["items"])
        return f"{field.get('minItems', 0)} or more{each and ', each '}{each}"
    return ", ".join(text.format(field[key]) for key, text in _LIMITS.items() if key in field)


def _shown(value: Any) -> str:
    if value is None:
        return "empty"
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "in the file" if value else "empty"
    return str(value)


def _escaped(cell: str) -> str:
    """Text for a cell of a table, which ends at a bar and may hold HTML."""
    return cell.replace("|", r"\|").replace("<", "&lt;")
