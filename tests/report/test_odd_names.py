"""Names that programs take for something else: labels like numbers."""

import re
import shutil
from pathlib import Path

import pytest
import torch
from ruamel.yaml import YAML

from stages import evaluate, prepare, report, train
from tests.small_project import working_in

LABELS = {"irrelevant": "0", "implicit": "1", "explicit": "2"}


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Path:
    """The small project with other labels, trained again."""
    folder = Path(shutil.copytree(small_project, tmp_path / "project", symlinks=True))
    yaml = YAML()
    params = yaml.load(folder / "params.yaml")
    params["corpus"] |= {"labels": list(LABELS.values()), "label_map": LABELS}
    yaml.dump(params, folder / "params.yaml")
    return folder


def test_the_page_shows_labels_like_numbers(project: Path) -> None:
    with working_in(project):
        for stage in (prepare, train, evaluate, report):
            stage.main()
    torch.use_deterministic_algorithms(False)
    html = (project / "data/reports/index.html").read_text(encoding="utf-8")
    (data,) = re.findall(r'<script type="application/json">(.*?)</script>', html, re.S)
    assert '"labels": ["0", "1", "2"]' in data
    assert set(re.findall(r'"gold": "(.*?)"', data)) <= set(LABELS.values())
