"""Click logs of picture, query and clicks, as tables that the layout `clicks` reads."""

from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.corpus.tables.clicks import read_clicks
from tests.tiny import tiny_params

LINES = [
    ("3PuSpoX5sG", "big, red car", 3),
    ("3PuSpoX5sG", '"quoted" words', 1),
    ("_a-b9", "été at the 'sea'", 0),
]


def write(path: Path, lines: list[str], end: str = "\n") -> Path:
    path.write_bytes((end.join(lines) + end).encode())
    return path


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_line_arrives(tmp_path: Path, end: str, capsys: pytest.CaptureFixture[str]) -> None:
    log = write(tmp_path / "log.tsv", ["\t".join(map(str, line)) for line in LINES], end)
    out = tmp_path / "corpus"
    main(["triads", str(log), "--split", "dev", "--out", str(out), "--suffix", ".jpg"])
    assert "dev_clicks.csv: 3 lines" in capsys.readouterr().out
    corpus = tiny_params({"corpus.path": str(out), "corpus.layout": "clicks"}).corpus
    found = [row[1:] for row in read_clicks(corpus, "dev")]
    assert found == [(query, f"{picture}.jpg", clicks) for picture, query, clicks in LINES]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a\tb", "line 2: expected a picture"),
        ("a\tb\tGood", "line 2: clicks = 'Good'"),
        ("a\tb\t-1", "line 2: clicks = '-1'"),
        ("a\t\t1", "line 2: expected"),
        ("", "line 2: expected"),
    ],
)
def test_names_the_line_that_is_no_triad_and_writes_nothing(
    tmp_path: Path, line: str, message: str
) -> None:
    log = write(tmp_path / "log.tsv", ["a\tb\t1", line])
    with pytest.raises(SystemExit, match=message):
        main(["triads", str(log), "--split", "train", "--out", str(tmp_path / "corpus")])
    assert not (tmp_path / "corpus" / "train_clicks.csv").exists()


def test_other_encodings_and_absent_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "log.tsv").write_bytes(b"a\tb\t1\n\xff\tb\t1\n")
    for name, message in (("log.tsv", "not UTF-8"), ("absent.tsv", "no such file")):
        with pytest.raises(SystemExit, match=message):
            main(["triads", str(tmp_path / name), "--split", "train", "--out", str(tmp_path / "o")])
