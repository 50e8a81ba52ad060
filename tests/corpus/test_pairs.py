import pytest

from pipeline.corpus.pairs import Pair, check_pairs
from pipeline.errors import UserError

LABELS = ["irrelevant", "implicit", "explicit"]


def pairs(*train: Pair) -> list[Pair]:
    others = [Pair(s, s, "explicit", "1", "", f"{s}_data.csv line 2") for s in ("dev", "test")]
    return [*train, *others]


def pair(number: int, **changes: str) -> Pair:
    values = {
        "id": f"t{number}",
        "split": "train",
        "label": "explicit",
        "image": "1.png",
        "text": "",
        "where": f"train_data.csv line {number}",
    }
    return Pair(**values | changes)


def complaint(*train: Pair, **label_map: str) -> str:
    with pytest.raises(UserError) as error:
        check_pairs(pairs(*train), LABELS, label_map)
    return str(error.value)


def test_labels_are_mapped_and_names_may_stay() -> None:
    raw = pairs(pair(2, label="0"), pair(3, label="implicit"), pair(4, label="隐式"))

    named = check_pairs(raw, LABELS, {"0": "irrelevant", "隐式": "implicit"})

    assert [p.label for p in named[:3]] == ["irrelevant", "implicit", "implicit"]
    assert [p.id for p in named] == [p.id for p in raw]


def test_any_number_of_classes() -> None:
    names = [f"c{n}" for n in range(40)]
    raw = [pair(n, label=name) for n, name in enumerate(names)]
    raw += [pair(n, split=s, id=s, label="c0") for n, s in ((90, "dev"), (91, "test"))]

    assert [p.label for p in check_pairs(raw, names, {})][:40] == names


def test_unknown_labels_show_value_row_what_is_allowed_and_how_to_map() -> None:
    message = complaint(pair(2, label="0"), pair(3, label="0"), pair(4, label="Explicit"))

    assert "allowed: irrelevant, implicit, explicit (3)" in message
    assert "train_data.csv line 2: '0'" in message
    assert 'label_map:\n    "0": <name>  # 2 times' in message
    assert '"Explicit": explicit  # 1 times' in message


def test_a_map_to_another_label_does_not_help_the_unmapped() -> None:
    assert "line 3: 'b'" in complaint(pair(2, label="a"), pair(3, label="b"), a="explicit")


def test_empty_cells_are_refused_except_texts() -> None:
    message = complaint(pair(2, id=""), pair(3, image=""), pair(4, label=""), pair(5, text=""))

    assert "(3)" in message
    assert "line 2: no id" in message
    assert "line 3: no image" in message
    assert "line 4: no label" in message


def test_ids_that_occur_twice_are_named_with_both_places() -> None:
    message = complaint(pair(2), pair(3, id="t2"), pair(4, id="test"))

    assert "(2)" in message
    assert "'t2': train_data.csv line 2 and train_data.csv line 3" in message
    assert "'test': train_data.csv line 4 and test_data.csv line 2" in message


def test_ten_of_many_faults_are_shown() -> None:
    message = complaint(*(pair(number, id="same") for number in range(2, 30)))

    assert "(27)" in message
    assert message.count("'same'") == 10
    assert "... and 17 more" in message


def test_a_split_without_pairs_is_refused() -> None:
    with pytest.raises(UserError, match="the dev split has no pairs"):
        check_pairs([pair(2)], LABELS, {})


def test_only_the_splits_that_are_asked_for_need_pairs() -> None:
    without_test = [pair(2), pair(3, split="dev")]

    assert check_pairs(without_test, LABELS, {}, ("train", "dev")) == without_test
    with pytest.raises(UserError, match="the dev split has no pairs; train, dev each need some"):
        check_pairs([pair(2)], LABELS, {}, ("train", "dev"))


@pytest.mark.parametrize("id", ["a\rb", "a\nb", "a\x00", "\x1b[2J", "a\x85b"])
def test_ids_with_control_characters_are_named(id: str) -> None:
    message = complaint(pair(2, id=id))
    assert "ids with line breaks or other control characters (1)" in message
    assert repr(id) in message
