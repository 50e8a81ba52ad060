"""Whatever a corpus in JSON holds, its pairs are sound or the fault is named."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.corpora import ALL_LABELS, CORPORA, read_pairs, write_corpus
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few
from tests.fuzz.values import JSON, damaged_json

LAYOUTS = ["mdid", "karpathy"]


def require_sound_pairs(folder: Path, layout: str, file: str, data: bytes) -> None:
    corpus = write_corpus(folder, layout)
    (folder / file).write_bytes(data)
    pairs = read_pairs(corpus) or []
    assert len({pair.id for pair in pairs}) == len(pairs)
    assert all(pair.id and pair.image and pair.label in ALL_LABELS for pair in pairs)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", JSON)
@few
@given(data=st.data())
def test_other_values_are_read_or_named(
    layout: str, kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    file = data.draw(st.sampled_from(sorted(CORPORA[layout])))
    damaged = damaged_json(kind, json.loads(CORPORA[layout][file]), data.draw)
    require_sound_pairs(tmp_path, layout, file, damaged)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_damaged_bytes_are_read_or_named(
    layout: str, kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    file = data.draw(st.sampled_from(sorted(CORPORA[layout])))
    damaged = BYTES[kind](CORPORA[layout][file], data.draw)
    require_sound_pairs(tmp_path, layout, file, damaged)
