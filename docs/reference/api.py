"""The API page's sections, from the library's docstrings, which are read without importing it."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import griffe


def section(module: str, *names: str) -> str:
    """Classes and functions of a module in Markdown: signatures, docstrings, public methods."""
    found = _load(module)
    return "\n\n".join(_object(found[name]) for name in names) + "\n"


@cache
def _load(module: str) -> Any:
    # A docstring may describe several parameters at once, which is worth no warning.
    options = griffe.GoogleOptions(warnings=False)
    return griffe.load(
        module, docstring_parser="google", docstring_options=options, resolve_aliases=True
    )


def _object(found: Any) -> str:
    found = found.final_target if found.is_alias else found
    parts = [f"### {found.name}", *_body(found)]
    if found.is_class:
        for member in found.members.values():
            if member.is_function and member.is_public and member.docstring:
                parts += [f"#### {found.name}.{member.name}", *_body(member)]
    return "\n\n".join(parts)


def _body(found: Any) -> Iterator[str]:
    yield f"```python\n{_signature(found)}\n```"
    for part in found.docstring.parsed if found.docstring else ():
        if part.kind is griffe.DocstringSectionKind.text:
            yield part.value
        else:
            yield f"{part.kind.value.title()}:\n\n" + "\n".join(_items(part.value))


def _items(items: Iterable[Any]) -> Iterator[str]:
    for item in items:
        name = getattr(item, "name", None) or item.annotation
        yield f"- `{name}`: {' '.join(item.description.split())}"


def _signature(found: Any) -> str:
    if found.is_class:
        bases = f"({', '.join(map(str, found.bases))})" if found.bases else ""
        return "\n".join([f"class {found.name}{bases}", *_fields(found)])
    given = [_parameter(one) for one in found.parameters if one.name not in ("self", "cls")]
    line = f"{found.name}({', '.join(given)}) -> {found.returns}"
    if len(line) > 100:
        line = "\n    ".join([f"{found.name}(", *(f"{one}," for one in given)])
        line += f"\n) -> {found.returns}"
    decorators = {"classmethod", "staticmethod", "property"} & found.labels
    return "\n".join([*(f"@{name}" for name in sorted(decorators)), line])


def _parameter(one: Any) -> str:
    star = {"variadic positional": "*", "variadic keyword": "**"}.get(one.kind.value, "")
    typed = f"{star}{one.name}: {one.annotation}"
    return typed if one.default is None or star else f"{typed} = {one.default}"


def _fields(found: Any) -> Iterator[str]:
    """What a dataclass is made of."""
    for member in found.members.values():
        if member.is_attribute and member.is_public and "dataclass" in found.labels:
            default = "" if member.value is None else f" = {member.value}"
            yield f"    {member.name}: {member.annotation}{default}"
