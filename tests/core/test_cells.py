"""Cells that a spreadsheet would run, and their way back."""

import pandas as pd
import pytest

from pipeline.core.cells import escaped, escaped_table, plain, plain_table


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@user hi", "\t=1", "\r=1", "'=1", "''@x"])
def test_formulas_are_no_formulas_and_come_back(text: str) -> None:
    assert escaped(text) == f"'{text}"
    assert plain(escaped(text)) == text


@pytest.mark.parametrize("text", ["", "a=1", "'tis", "#tag", " =1", "1-2", "007"])
def test_other_texts_stay(text: str) -> None:
    assert escaped(text) == plain(text) == text


def test_numbers_of_a_table_stay() -> None:
    table = pd.DataFrame({"rank": [-1], "id": ["=1"], "estimate": [-0.5], "text": ["@user"]})
    found = escaped_table(table)
    assert found.values.tolist() == [[-1, "'=1", -0.5, "'@user"]]
    assert plain_table(found).equals(table)
