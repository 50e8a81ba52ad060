"""The pages of the API and of the parameters leave nothing out."""

import pytest
from ruamel.yaml import YAML

import pipeline.prediction
from docs.reference.params import described, table
from pipeline.params.matching import MatchingParams
from pipeline.params.pretrain import PretrainParams
from pipeline.params.project import Params
from pipeline.params.search import SearchParams
from tests.test_params_files import leaves
from tests.tiny import ROOT

FILES = {
    "params.yaml": Params,
    "stages/pretrain/params.yaml": PretrainParams,
    "stages/matching/params.yaml": MatchingParams,
    "stages/search/params.yaml": SearchParams,
}


@pytest.mark.parametrize("file", FILES)
def test_every_parameter_is_described(file: str) -> None:
    text = (ROOT / file).read_text(encoding="utf-8")
    found = described(text)
    for key, _ in leaves(YAML(typ="safe", pure=True).load(text)):
        names = key.split(".")
        # The names of columns share one comment, and so do the rows of an ablation.
        wholes = [".".join(names[:depth]) for depth in (2, 3)]
        assert key in found or names[0] == "variants" or any(name in found for name in wholes), key
    assert all(found.values())


def test_comment_is_that_of_the_key_below_or_of_the_key_it_names() -> None:
    text = """\
# About the file.

# About a section.
one:
  # first | second,
  # that goes on
  # other: named (a: b)
  key: 1
  bare: 2
  other: 3

# Not about it, since a line is empty.

two:
  key:  # of nothing
  - 1
  # not: a key here
  last: 4
"""
    assert described(text) == {
        "one": "About a section.",
        "one.key": "first | second, that goes on",
        "one.other": "named (a: b)",
        "two.last": "not: a key here",
    }


def test_table_has_type_limits_and_default() -> None:
    lines = table(str(ROOT / "params.yaml"), Params).splitlines()
    rows = {line.split(" | ")[0].strip("|* `"): line for line in lines}
    assert "| whole number, or empty | at least 1 | empty |" in rows["compute.workers"]
    assert r"| text | glove+bert \| glove \| bert | glove+bert |" in rows["model.text"]
    assert r"| auto \| cpu \| cuda \| cuda:N | auto |" in rows["train.device"]
    assert "| list: text | 2 or more | irrelevant, implicit, explicit |" in rows["corpus.labels"]
    assert "#sha256=&lt;hex>" in rows["regions.weights"]
    assert all(line.replace(r"\|", "").count("|") == 6 for line in lines)


@pytest.mark.parametrize("file", FILES)
def test_page_has_every_parameter(file: str) -> None:
    page = (ROOT / "docs/params.md").read_text(encoding="utf-8")
    assert table(str(ROOT / file), FILES[file]) in page


@pytest.mark.parametrize("name", pipeline.prediction.__all__)
def test_page_has_what_the_library_exports(name: str) -> None:
    assert f"### {name}\n" in (ROOT / "docs/api.md").read_text(encoding="utf-8")
