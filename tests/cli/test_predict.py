"""python -m pipeline predict."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from ruamel.yaml import YAML

from pipeline.__main__ import main
from tests.small_project import TEST_PAIRS, working_in

SAMPLE = Path("data/sample")


@pytest.fixture
def project(small_project: Path) -> Iterator[Path]:
    with working_in(small_project):
        yield small_project


def test_one_post(project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.new("RGB", (90, 60), "red").save(tmp_path / "x.jpg")
    main(["predict", "--image", str(tmp_path / "x.jpg"), "--text", "my dog"])
    found = json.loads(capsys.readouterr().out)
    assert found["relation"] in ("irrelevant", "implicit", "explicit")
    assert found["words"] == ["my", "dog"]
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-4)


def test_a_table_of_posts(project: Path, tmp_path: Path) -> None:
    out = tmp_path / "predictions.jsonl"
    table, images = str(SAMPLE / "test_data.csv"), str(SAMPLE / "image.zip")
    main(["predict", "--csv", table, "--images", images, "--out", str(out)])
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(lines) == TEST_PAIRS
    assert {"id", "relation", "probabilities", "streams", "links"} <= lines[0].keys()


def labelled(rows: list[dict[str, str]], path: Path) -> str:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return str(path)


def sample_rows() -> list[dict[str, str]]:
    with (SAMPLE / "test_data.csv").open(newline="", encoding="utf-8-sig") as file:
        return [*csv.DictReader(file)]


def test_labelled_posts_are_measured_as_evaluate_does(project: Path, tmp_path: Path) -> None:
    table = labelled(sample_rows(), tmp_path / "posts.csv")
    main(["predict", "--csv", table, "--images", str(SAMPLE / "image.zip")])
    found = json.loads((tmp_path / "predictions_metrics.json").read_text())
    expected = json.loads(Path("data/reports/metrics.json").read_text())
    same = {name: expected[name] for name in found if name != "majority_accuracy"}
    assert {name: found[name] for name in same} == pytest.approx(same, abs=1e-5)
    assert {"accuracy_low", "f1.explicit", "tau_c", "alignment_accuracy"} <= found.keys()
    page = (tmp_path / "predictions_page.html").read_text()
    assert f"<b>{100 * found['accuracy']:.1f} %</b>" in page
    assert page.count('class="confusion"') == 1


def test_labels_that_cannot_be_measured_are_named(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = sample_rows()
    rows[0]["label"], rows[1]["label"] = "explcit", " "
    rows[2]["text"] = "<script>alert(1)</script>"
    table = labelled(rows, tmp_path / "posts.csv")
    main(["predict", "--csv", table, "--images", str(SAMPLE / "image.zip")])
    said = capsys.readouterr().err
    assert "posts.csv: unknown labels, not measured (1):\n  line 2: 'explcit'" in said
    assert "posts.csv: rows without a label, not measured (1):\n  line 3" in said
    assert f"measured on {TEST_PAIRS - 2} posts" in said
    assert len((tmp_path / "predictions.jsonl").read_text().splitlines()) == TEST_PAIRS
    page = (tmp_path / "predictions_page.html").read_text()
    assert "line 2: &#39;explcit&#39;" in page
    assert "<script>alert" not in page


def test_columns_and_labels_are_those_of_the_corpus(project: Path, tmp_path: Path) -> None:
    names = {"id": "nr", "image": "file", "text": "tweet", "label": "class"}
    rows = [{names[role]: cell for role, cell in row.items()} for row in sample_rows()]
    for row in rows:
        row["class"] = {"explicit": "E"}.get(row["class"], row["class"])
    table = labelled(rows, tmp_path / "posts.csv")
    before = Path("params.yaml").read_text()
    yaml = YAML()
    params = yaml.load(before)
    params["corpus"].update({"columns": names, "label_map": {"E": "explicit"}})
    try:
        yaml.dump(params, Path("params.yaml"))
        main(["predict", "--csv", table, "--images", str(SAMPLE / "image.zip")])
    finally:
        Path("params.yaml").write_text(before)
    lines = (tmp_path / "predictions.jsonl").read_text().splitlines()
    assert [json.loads(line)["id"] for line in lines] == [row["nr"] for row in rows]
    found = json.loads((tmp_path / "predictions_metrics.json").read_text())
    expected = json.loads(Path("data/reports/metrics.json").read_text())
    assert found["accuracy"] == expected["accuracy"]


def test_labels_of_something_else_stop_no_prediction(
    project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = labelled([row | {"label": "7"} for row in sample_rows()], tmp_path / "posts.csv")
    main(["predict", "--csv", table, "--images", str(SAMPLE / "image.zip")])
    assert "so nothing is measured" in capsys.readouterr().err
    assert not (tmp_path / "predictions_metrics.json").exists()
    assert (tmp_path / "predictions.jsonl").exists()


def test_ids_that_repeat_are_told_apart_by_their_row(project: Path, tmp_path: Path) -> None:
    table = labelled([row | {"id": "x"} for row in sample_rows()], tmp_path / "posts.csv")
    main(["predict", "--csv", table, "--images", str(SAMPLE / "image.zip")])
    assert "<code>row " in (tmp_path / "predictions_page.html").read_text()


def test_what_a_table_lacks_is_named_as_the_corpus_does(project: Path, tmp_path: Path) -> None:
    table = labelled([{"image": "1.png", "words": "a dog"}], tmp_path / "posts.csv")
    with pytest.raises(SystemExit, match=r"columns image and text.*missing or repeated: text;"):
        main(["predict", "--csv", table, "--images", str(SAMPLE / "image.zip")])


def test_a_page_that_nobody_asked_to_replace_stays(project: Path, tmp_path: Path) -> None:
    table = labelled(sample_rows(), tmp_path / "posts.csv")
    (tmp_path / "predictions_page.html").mkdir()
    with pytest.raises(SystemExit, match=r"error: --out .*predictions_page\.html is a folder"):
        main(["predict", "--csv", table, "--images", str(SAMPLE / "image.zip")])


@pytest.mark.parametrize(("options", "id"), [([], "'=1+1"), (["--raw"], "=1+1")])
def test_ids_that_spreadsheets_run_are_escaped(
    project: Path, tmp_path: Path, options: list[str], id: str
) -> None:
    Image.new("RGB", (90, 60), "red").save(tmp_path / "x.png")
    (tmp_path / "posts.csv").write_text("id,image,text\n=1+1,x.png,my dog\n")
    table, out = str(tmp_path / "posts.csv"), tmp_path / "predictions.jsonl"
    main(["predict", "--csv", table, "--images", str(tmp_path), "--out", str(out), *options])
    (line,) = out.read_text().splitlines()
    assert json.loads(line)["id"] == id


@pytest.mark.parametrize(
    "words", [[], ["--image", "x.jpg"], ["--image", "x.jpg", "--text", "a", "--csv", "y.csv"]]
)
def test_half_a_question_is_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit, match="either --image and --text, or --csv and --images"):
        main(["predict", *words])


def test_absent_image_and_model_are_named(project: Path, tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"error: no\.jpg cannot be read"):
        main(["predict", "--image", "no.jpg", "--text", "a"])
    image = tmp_path / "x.png"
    Image.new("RGB", (9, 9)).save(image)
    with pytest.raises(SystemExit, match=r"error: nowhere/config\.json not found"):
        main(["predict", "--image", str(image), "--text", "a", "--model", "nowhere"])


def test_a_model_that_is_not_trained_yet_names_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (9, 9)).save("x.png")
    with pytest.raises(SystemExit, match=r"config\.json not found; train .* first: dvc repro$"):
        main(["predict", "--image", "x.png", "--text", "a"])
    with pytest.raises(SystemExit, match=r"first: python -m stages repro stages/search/dvc\.yaml$"):
        main(["search", "a dog", "--index", "x.zip"])
