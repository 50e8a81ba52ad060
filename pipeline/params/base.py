"""Reading of parameter files: typed, frozen, and checked before anything else is loaded."""

import re
from collections.abc import Mapping, Sequence
from os.path import normpath
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.errors import UserError
from pipeline.paths import MODELS, PRETRAINED

PARAMS_FILE = Path("params.yaml")

Count = Annotated[int, Field(ge=1)]
NonNegativeInt = Annotated[int, Field(ge=0)]
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
# More than 32 bits do not fit in NumPy's global generator.
Seed = Annotated[int, Field(ge=0, lt=2**32)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Dropout = Annotated[float, Field(ge=0, lt=1)]
Text = Annotated[str, StringConstraints(min_length=1)]
# New values by section and key.
Changes = dict[str, dict[str, Any]]


def _check_device(value: str) -> str:
    if not re.fullmatch(r"auto|cpu|cuda(:\d+)?", value):
        raise ValueError(f"is {value!r}; allowed: auto, cpu, cuda or cuda:N")
    return value


# `allowed`: for the table of parameters, what the type itself does not tell.
Device = Annotated[
    str,
    AfterValidator(_check_device),
    Field(json_schema_extra={"allowed": "auto | cpu | cuda | cuda:N"}),
]


class Section(BaseModel):
    """One section of params.yaml. Strict: a number in quotes is not a number."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid", populate_by_name=True)


SectionT = TypeVar("SectionT", bound=Section)


def require_tracked(named: Mapping[str, str | None], folder: Path | None = None) -> None:
    """Require that DVC tracks every local file or folder that parameters name.

    The stages that read it depend on the folder. What a stage wrote below data/models is allowed
    too, since DVC tracks what it was made from.

    Args:
        named: values by dotted key; a value that is no local path, such as a URL, is allowed.
        folder: where they belong; without it, data/pretrained/<section>.

    Raises:
        ValueError: a file or folder lies elsewhere; the message says where it belongs.
    """
    for key, value in named.items():
        place = Path((value or "").partition("#sha256=")[0])
        home = folder or PRETRAINED / key.partition(".")[0]
        tracked = any(Path(normpath(place)).is_relative_to(root) for root in (home, MODELS))
        if value and place.exists() and not tracked:
            raise ValueError(
                f"{key} = {value!r}: a local file or folder must lie below {home},"
                " where DVC sees it change"
            )


def read_section(kind: type[SectionT], path: Path) -> SectionT:
    """Read and check a YAML (or JSON) file that holds one section.

    It is read as YAML 1.2, the dialect that DVC writes: `3e-5` is a number there, but text in
    YAML 1.1.

    Raises:
        UserError: the file is missing or not YAML, or a value is wrong; one line per fault with
            key, value and what is allowed.
    """
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path} not found; run this from the project's root") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML in UTF-8: {error}") from None
    return check_section(kind, raw, str(path))


def check_section(kind: type[SectionT], raw: Any, source: str) -> SectionT:
    """Check the content of a file.

    Raises:
        UserError: a value is wrong; names the source, and each fault on its own line.
    """
    try:
        return kind.model_validate(raw)
    except ValidationError as error:
        faults = [_describe(fault, kind) for fault in error.errors()]
        raise UserError(f"{source} has {len(faults)} fault(s):\n" + "\n".join(faults)) from None


def _describe(fault: Any, kind: type[Section]) -> str:
    key = ".".join(str(part) for part in fault["loc"]) or "params"
    if fault["type"] == "missing":
        return f"  {key}: is missing"
    if fault["type"] == "extra_forbidden":
        known = ", ".join(_known_keys(kind, fault["loc"][:-1]))
        return f"  {key}: no such parameter; known here: {known}"
    reason = fault["msg"].removeprefix("Value error, ").replace("Input should", "should")
    if fault["type"] == "value_error":
        return f"  {key}: {reason}"
    return f"  {key} = {fault['input']!r}: {reason}"


def _known_keys(kind: type[Section], location: Sequence[int | str]) -> list[str]:
    model: Any = kind
    for part in location:
        is_table = get_origin(model) is dict
        model = get_args(model)[1] if is_table else model.model_fields[str(part)].annotation
    return [field.alias or name for name, field in model.model_fields.items()]
