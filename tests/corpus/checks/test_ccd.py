import pytest

from pipeline.corpus.checks.ccd import TABLE_II, check_counts
from pipeline.corpus.pairs import Pair
from pipeline.errors import UserError


def ccd() -> list[Pair]:
    return [
        Pair(f"{label}-{split}-{n}", split, label, "1.jpg", "", "")
        for (label, split), count in TABLE_II.items()
        for n in range(count)
    ]


def test_the_sums_are_those_that_the_paper_prints() -> None:
    def total(*parts: str) -> int:
        return sum(n for cell, n in TABLE_II.items() if set(parts) <= set(cell))

    assert [total(split) for split in ("train", "dev", "test")] == [10294, 975, 983]
    assert [total(label) for label in ("explicit", "implicit", "irrelevant")] == [6879, 1286, 4087]
    assert total() == 12252


def test_ccd_passes() -> None:
    check_counts(ccd())


def test_one_pair_too_few_shows_what_is_expected() -> None:
    pairs = ccd()[1:]

    with pytest.raises(UserError) as error:
        check_counts(pairs)
    assert "explicit     train  expected  5779, found  5778" in str(error.value)
    assert "implicit     dev    expected   110, found   110" in str(error.value)


def test_exchanged_labels_do_not_pass() -> None:
    exchanged = {"explicit": "irrelevant", "irrelevant": "explicit", "implicit": "implicit"}
    pairs = [Pair(p.id, p.split, exchanged[p.label], p.image, "", "") for p in ccd()]

    with pytest.raises(UserError, match=r"explicit +train +expected +5779, found +3445"):
        check_counts(pairs)


def test_other_labels_are_shown_too() -> None:
    with pytest.raises(UserError, match=r"unsure +test +expected +0, found +1"):
        check_counts([*ccd(), Pair("x", "test", "unsure", "1.jpg", "", "")])
