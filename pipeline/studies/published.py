"""What the paper reports, read from published.yaml beside this file."""

from pathlib import Path

from pydantic import Field

from pipeline.params import Section, read_section

_FILE = Path(__file__).with_name("published.yaml")


class Entry(Section):
    """A row of a table. row: the name of our runs of the same kind; figures are in percent."""

    row: str
    method: str
    image: str = ""
    text: str = ""
    accuracy: float | None = None
    f1_weighted: float | None = None
    f1: dict[str, float] = Field(default_factory=dict)
    caveats: list[str] = Field(default_factory=list)


class Optimum(Section):
    """The one point of Fig. 4 that the paper's text gives."""

    lambda_: float = Field(alias="lambda")
    eta: float
    accuracy: float
    f1_weighted: float


class Published(Section):
    """All figures, the corpus they are from, and what to know about some of them."""

    corpus: str
    caveats: dict[str, str]
    table3: list[Entry]
    table4: list[Entry]
    table5: list[Entry]
    table6: list[Entry]
    fig4: Optimum


def published() -> Published:
    """The paper's figures."""
    return read_section(Published, _FILE)
