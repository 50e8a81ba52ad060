"""python -m pipeline predict."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

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
