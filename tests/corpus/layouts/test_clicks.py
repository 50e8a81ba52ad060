"""Click logs as a corpus."""

from pathlib import Path

import pytest

from pipeline.corpus.layouts.clicks import read
from pipeline.corpus.tables.clicks import count_clicks
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams
from tests.tiny import tiny_params


@pytest.fixture
def corpus(tmp_path: Path) -> CorpusParams:
    for split in ("train", "dev", "test"):
        rows = f"query,image,clicks\nred {split},a.jpg,3\nred {split},b.jpg,0\n"
        (tmp_path / f"{split}_clicks.csv").write_text(rows)
    return tiny_params().corpus.model_copy(update={"path": str(tmp_path), "layout": "clicks"})


def test_a_pair_per_row_and_its_clicks(corpus: CorpusParams) -> None:
    pairs = read(corpus)
    assert [(p.split, p.text, p.image, p.label) for p in pairs[:2]] == [
        ("train", "red train", "a.jpg", "clicked"),
        ("train", "red train", "b.jpg", "passed"),
    ]
    clicks = count_clicks(corpus)
    assert [clicks[pair.id] for pair in pairs] == [3, 0] * 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("query,image\na,b\n", "needs the columns query, image, clicks.*missing.*clicks"),
        ("query,image,clicks\na,b,-1\n", r"not a whole number from 0 on, .* \(1\):\s+line 2: '-1'"),
        ("query,image,clicks\na,b,1.5\n", "'1.5'"),
        (f"query,image,clicks\na,b,{'9' * 19}\n", "of at most 18 digits"),
        (f"query,image,clicks\na,b,{'9' * 5000}\n", "of at most 18 digits"),
    ],
)
def test_faults_are_named(corpus: CorpusParams, text: str, message: str) -> None:
    (Path(corpus.path) / "dev_clicks.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        read(corpus)
