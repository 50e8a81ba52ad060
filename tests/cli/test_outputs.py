"""No command writes over what it reads, or over a file that it cannot have written."""

import shutil
from pathlib import Path

import pytest

from pipeline.__main__ import main
from pipeline.cli.outputs import require_output
from pipeline.errors import UserError
from tests.small_project import working_in


def test_a_new_file_and_an_earlier_output_are_written(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    require_output(tmp_path / "new", ".jsonl", [tmp_path / "images", None])
    (tmp_path / "old.jsonl").write_text("{}")
    require_output(tmp_path / "old.jsonl", ".jsonl", [tmp_path / "images"])
    require_output(tmp_path / "images" / "new.jsonl", ".jsonl", [tmp_path / "images"])


def test_inputs_folders_and_other_kinds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "a.jsonl").write_text("{}")
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "a.jsonl")
    (tmp_path / "train_data.csv").write_text("id\n")
    inputs = [tmp_path / "images", tmp_path / "a.jsonl"]
    (tmp_path / "images" / "1.jsonl").write_text("{}")
    for name in ("a.jsonl", "link.jsonl", "images/1.jsonl", "images/../a.jsonl"):
        with pytest.raises(UserError, match="would overwrite what the command reads"):
            require_output(tmp_path / name, ".jsonl", inputs)
    with pytest.raises(UserError, match="is a folder"):
        require_output(tmp_path, ".jsonl", [])
    with pytest.raises(UserError, match=r"exists and is no \.jsonl file"):
        require_output(tmp_path / "train_data.csv", ".jsonl", [])


def test_predict_leaves_its_table_archive_and_model_as_they_are(
    small_project: Path, tmp_path: Path
) -> None:
    with working_in(small_project):
        table = shutil.copy("data/sample/test_data.csv", tmp_path / "posts.csv")
        archive = shutil.copy("data/sample/image.zip", tmp_path / "image.zip")
        weights = Path("data/models/ananet/model.safetensors")
        for out in (Path(table), Path(archive), weights, Path("data/sample/train_data.csv")):
            before = out.read_bytes()
            given = ["predict", "--csv", str(table), "--images", str(archive), "--out", str(out)]
            with pytest.raises(SystemExit, match=r"^error: --out"):
                main(given)
            assert out.read_bytes() == before
