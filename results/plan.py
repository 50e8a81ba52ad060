"""The only reader of plan.yaml: which parts there are, and what each runs."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from pipeline.params.base import Positive, Section, Text, read_section

PLAN_FILE = Path(__file__).with_name("plan.yaml")

# New values by params file and dotted key.
Overrides = dict[str, dict[str, Any]]


class Corpus(Section):
    """A corpus of a scratch clone.

    files: path below the clone's data/ -> path below REAL_DATA. params: what names it in the
    params files.
    """

    files: dict[str, Text] = Field(default_factory=dict)
    params: Overrides = Field(default_factory=dict)


class Part(Section):
    """What is run and kept together.

    about: what it shows. hours: on two cores. params: beside those of the corpus. points: further
    values by name, for each of which the commands run anew. keep: files and folders that the
    commands make. summary: a function of results/summaries.py.
    """

    corpus: str
    about: Text
    hours: Positive
    params: Overrides = Field(default_factory=dict)
    points: Annotated[dict[str, Overrides], Field(min_length=1)] = Field(
        default_factory=lambda: dict[str, Overrides](all={})
    )
    commands: Annotated[list[Text], Field(min_length=1)]
    keep: Annotated[list[Text], Field(min_length=1)]
    summary: Literal["files", "studies", "paper", "points"]


class Plan(Section):
    """plan.yaml as a whole."""

    corpora: dict[str, Corpus]
    parts: dict[str, Part]

    @model_validator(mode="after")
    def _corpora_are_there(self) -> "Plan":
        for name, part in self.parts.items():
            if part.corpus not in self.corpora:
                raise ValueError(f"parts.{name}: no corpus {part.corpus!r}")
        return self

    def params(self, part: Part, point: str) -> Overrides:
        """The values of a point by file, those of the part over those of the corpus."""
        merged: Overrides = {}
        for layer in (self.corpora[part.corpus].params, part.params, part.points[point]):
            for file, values in layer.items():
                merged[file] = merged.get(file, {}) | values
        return merged


def load_plan(path: Path = PLAN_FILE) -> Plan:
    """Read and check the plan; UserError names every fault."""
    return read_section(Plan, path)
