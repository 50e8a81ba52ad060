"""python -m pipeline audit."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline import paths
from pipeline.__main__ import main
from pipeline.core.cells import plain_table
from pipeline.images.source import CorpusImages, ImageSource
from pipeline.report.sections import audit
from pipeline.tokenizers.tokenize import tokenize
from tests.small_project import working_in
from tests.tiny import ROOT

SMALL = {
    "model": {"width": 4},
    "train": {"stages": [1], "batch_size": 4, "device": "cpu"},
    "correction": {"warm_up": 1},
}


@pytest.fixture
def project(small_project: Path) -> Iterator[Path]:
    params = YAML().load(ROOT / "stages/matching/params.yaml")
    for section, values in SMALL.items():
        params[section].update(values)
    (small_project / "stages/matching").mkdir(parents=True, exist_ok=True)
    YAML().dump(params, small_project / "stages/matching/params.yaml")
    with working_in(small_project):
        yield small_project


def test_ranks_the_train_pairs_of_the_labels(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "audit.csv"
    main(["audit", "--labels", "explicit", "implicit", "--out", str(out)])
    table = plain_table(pd.read_csv(out))
    pairs = pd.read_parquet(paths.PAIRS).set_index("id")
    asked = pairs[(pairs["split"] == "train") & pairs["label"].isin(["explicit", "implicit"])]
    assert sorted(table["id"]) == sorted(asked.index)
    assert table[["correspondence", "estimate"]].stack().between(0, 1).all()
    ranked = table.sort_values(["correspondence", "estimate"], kind="stable")
    assert ranked["id"].tolist() == table["id"].tolist()
    assert table["rank"].tolist() == list(range(1, len(asked) + 1))
    images = pd.read_parquet(paths.IMAGES).set_index("key")["name"]
    posts = pd.read_parquet(paths.POSTS).set_index("id")["text"]
    for row in table.itertuples():
        assert row.text == posts[row.id]
        assert row.words == " ".join(tokenize(row.text, "glove_ruby"))
        assert row.label == pairs.loc[row.id, "label"]
        assert row.image == images[pairs.loc[row.id, "image_key"]]


def test_page_shows_the_least_believed(project: Path, tmp_path: Path) -> None:
    pairs, table = pd.read_parquet(paths.PAIRS), pd.read_parquet(paths.IMAGES)
    pairs.loc[1, "id"] = "@1"  # as audit writes it: '@1
    rows = pairs["id"].iloc[[1, 0]].tolist()
    audited = pd.DataFrame(
        {"id": ["'@1", rows[1], "gone"], "label": "explicit", "correspondence": 0.125}
    )
    audited["text"], audited["words"] = "NA", 7  # words may be numbers alone
    audited.to_csv(tmp_path / "audit.csv", index=False)
    with ImageSource.open(Path("data/sample/image.zip")) as source:
        found = audit(tmp_path / "audit.csv", pairs, CorpusImages(source, table))
        assert audit(tmp_path / "none.csv", pairs, CorpusImages(source, table)) == {}
    assert [pair["id"] for pair in found["pairs"]] == rows
    assert found["pairs"][0]["text"] == "NA"
    assert found["pairs"][0]["image"].startswith("data:image/jpeg;base64,")
    assert found["total"] == 3


@pytest.mark.parametrize(("raw", "mark"), [(False, "'"), (True, "")])
def test_texts_that_spreadsheets_run_are_escaped(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, raw: bool, mark: str
) -> None:
    figures = {"rank": [1], "correspondence": [-0.5], "estimate": [0.5]}
    texts = {"id": ["=1+1"], "label": ["explicit"], "image": ["-1.png"], "text": ["@user hi"]}
    monkeypatch.setattr("pipeline.cli.audit.audit", lambda *_: pd.DataFrame({**figures, **texts}))
    out = tmp_path / "audit.csv"
    main(["audit", "--labels", "explicit", "--out", str(out), *["--raw"] * raw])
    table = pd.read_csv(out)
    assert table[["id", "image", "text"]].iloc[0].tolist() == [
        f"{mark}=1+1",
        f"{mark}-1.png",
        f"{mark}@user hi",
    ]
    assert table["correspondence"].tolist() == [-0.5]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--labels", "explcit"], "--labels: no pair of the corpus has 'explcit'"),
        (["--out", "table.txt"], "ends in .csv"),
    ],
)
def test_names_the_fault(project: Path, words: list[str], message: str) -> None:
    with pytest.raises(SystemExit, match="error:") as end:
        main(["audit", *words])
    assert message in str(end.value)


def test_names_the_file_of_labels_that_no_option_gave(project: Path) -> None:
    file = Path("stages/matching/params.yaml")
    before = file.read_text()
    params = YAML().load(before)
    params["corpus"]["labels"] = ["match"]
    try:
        YAML().dump(params, file)
        with pytest.raises(SystemExit) as end:
            main(["audit"])
    finally:
        file.write_text(before)
    message = "corpus.labels in stages/matching/params.yaml: no pair of the corpus has 'match'"
    assert message in str(end.value)
