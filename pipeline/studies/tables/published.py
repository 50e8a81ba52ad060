"""The rows of tables: the paper's scores, read from published.yaml beside this file, and ours."""

from pathlib import Path

from pydantic import Field

from pipeline.params.base import Section, read_section

# Those that the paper gives.
SCORES = ("accuracy", "f1_weighted")
_FILE = Path(__file__).with_name("published.yaml")


class Entry(Section):
    """A row of a table. row: the name of our row of the same kind; scores are in percent."""

    row: str
    method: str
    image: str = ""
    text: str = ""
    accuracy: float | None = None
    f1_weighted: float | None = None
    f1: dict[str, float] = Field(default_factory=dict)
    caveats: list[str] = Field(default_factory=list)


class Optimum(Section):
    """The only point of Fig. 4 that the paper's text gives."""

    lambda_: float = Field(alias="lambda")
    eta: float
    accuracy: float
    f1_weighted: float


class Published(Section):
    """All scores, the corpus they were measured on, and caveats by name."""

    corpus: str
    caveats: dict[str, str]
    table3: list[Entry]
    table4: list[Entry]
    table5: list[Entry]
    table6: list[Entry]
    fig4: Optimum


# Rows of Table III that the paper does not have.
TITLES = {
    "logistic_regression": "Logistic regression (scene)",
    "logistic_regression_regions": "Logistic regression (regions)",
    "pretrained": "AnANet from pretrained encoders",
}
# What docs/ananet.md says is ours.
OURS = [
    Entry(row="ananet", method="AnANet, as in the paper"),
    Entry(row="votes", method="richer votes, batch norm"),
    Entry(row="scenes", method="scenes beside the regions"),
    Entry(row="pretrained_paper_training", method="pretrained encoders"),
    Entry(row="pretrained_paper_votes", method="pretrained encoders, at first frozen, then slow"),
    Entry(row="pretrained", method="the same and richer votes, batch norm: the preset"),
]


def published() -> Published:
    """Read the paper's scores."""
    return read_section(Published, _FILE)
