"""Names that programs take for something else: labels like numbers, ids like formulas."""

import csv
import re
import shutil
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML

from pipeline.__main__ import main
from stages import evaluate, evaluate_sides, prepare, report, train
from tests.small_project import working_in

LABELS = {"irrelevant": "0", "implicit": "1", "explicit": "2"}


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Path:
    """The small project with other labels, and ids that are long and begin like a formula."""
    folder = Path(shutil.copytree(small_project, tmp_path / "project", symlinks=True))
    yaml = YAML()
    params = yaml.load(folder / "params.yaml")
    params["corpus"] |= {"labels": list(LABELS.values()), "label_map": LABELS}
    yaml.dump(params, folder / "params.yaml")
    for table in (folder / "data/sample").glob("*_data.csv"):
        with table.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        place = header.index("id")
        for row in rows:
            row[place] = f"$x_{{$ {'é' * 400}{row[place]}"
        with table.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
    (folder / "data/sample/truth.jsonl").unlink()  # of other ids
    return folder


def test_the_page_and_its_figures_show_such_names(project: Path) -> None:
    with working_in(project):
        for stage in (prepare, train, evaluate_sides, evaluate, report):
            stage.main()
        main(["figures", "--out", "figures"])
    torch.use_deterministic_algorithms(False)
    html = (project / "data/reports/index.html").read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.S)
    assert '"labels": ["0", "1", "2"]' in data
    assert len(list((project / "figures/attention").glob("*.pdf"))) > 1
    assert set(re.findall(r'"gold": "(.*?)"', data)) <= set(LABELS.values())
