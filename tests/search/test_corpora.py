"""Search on click logs and on captions in the layouts that Clickture and MS-COCO come in."""

import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import torch
from ruamel.yaml import YAML

from stages import extract_regions, prepare
from stages.search import evaluate, keywords, train
from tests.search.keyword_tree import write_json
from tests.search.tiny import tiny_params
from tests.small_project import TEST_PAIRS, working_in

SAMPLE = Path("data/sample")
TRAINING = {"epochs": 1, "batch_size": 16}

Truth = list[dict[str, Any]]


@pytest.fixture
def project(small_project: Path, tmp_path: Path) -> Iterator[Path]:
    """A project whose sample corpus can be rewritten in another layout."""
    folder = tmp_path / "project"
    shutil.copytree(small_project, folder)
    (folder / "stages" / "search").mkdir(parents=True)
    with working_in(folder):
        yield folder
    torch.use_deterministic_algorithms(False)


def copied_truth(folder: Path) -> Truth:
    """The lines of truth.jsonl, with the images copied to the folder of another corpus."""
    folder.mkdir()
    shutil.copy(SAMPLE / "image.zip", folder)
    return [json.loads(line) for line in (SAMPLE / "truth.jsonl").read_text().splitlines()]


def write_click_logs(folder: Path) -> None:
    """Each first caption is a query, twice clicked for its image and shown the next one too."""
    pairs = copied_truth(folder)
    for split in ("train", "dev", "test"):
        own = [pair for pair in pairs if pair["split"] == split]
        with (folder / f"{split}_clicks.csv").open("w", newline="") as file:
            table = csv.writer(file)
            table.writerow(["query", "image", "clicks"])
            for pair, other in zip(own, own[1:] + own[:1], strict=True):
                table.writerow([pair["captions"][0], pair["image"], 2])
                table.writerow([pair["captions"][0], other["image"], 0])
    for name, splits in (("lite", ("train",)), ("dev", ("dev", "test"))):
        entries = {
            p["id"].replace("s", "000"): p["keywords"] for p in pairs if p["split"] in splits
        }
        (folder / f"clickture-{name}.lst").write_text("\n".join(entries) + "\n")
        for entry, words in entries.items():
            write_json(folder / "keyword" / f"keywords_{name}" / f"{entry}.json", words)


def write_coco(folder: Path) -> None:
    """Captions in Karpathy's file; keywords for train and test, as they were published."""
    images = [
        {
            "split": {"dev": "val"}.get(pair["split"], pair["split"]),
            "filename": pair["image"],
            "imgid": number,
            "sentences": [{"raw": caption} for caption in pair["captions"]],
            "keywords": pair["keywords"],
        }
        for number, pair in enumerate(copied_truth(folder))
    ]
    tree = folder / "keyword" / "keywords_coco"
    for image in images:
        words = image.pop("keywords")
        if image["split"] != "val":
            write_json(tree / f"keyword_{image['split']}/{image['filename'][:-4]}.json", words)
    for path in (folder, tree):
        (path / "dataset.json").write_text(json.dumps({"images": images}))


def search_in(layout: str, labels: list[str], **changes: dict[str, Any]) -> dict[str, float]:
    """Run every stage that search needs; its metrics."""
    yaml = YAML()
    params = yaml.load(Path("params.yaml"))
    params["corpus"] |= {"path": f"data/{layout}", "layout": layout, "labels": labels}
    yaml.dump(params, Path("params.yaml"))
    yaml.dump(
        tiny_params(train=TRAINING, **changes).model_dump(), Path("stages/search/params.yaml")
    )
    for stage in (prepare, extract_regions, keywords, train, evaluate):
        stage.main()
    metrics: dict[str, float] = json.loads(Path("data/reports/search.json").read_text())
    return metrics


def test_click_logs_with_keywords_as_clickture_has_them(project: Path) -> None:
    write_click_logs(project / "data" / "clicks")
    found = search_in(
        "clicks",
        ["clicked", "passed"],
        keywords={"min_df": 1, "folds": 2, "fit_split": "dev"},
        evaluate={"candidates": "listed", "gain": "clicks"},
    )
    table = pd.read_csv("data/reports/search/queries.csv")
    assert len(table) == found["queries"] <= TEST_PAIRS
    # Of its two images a query was clicked for one, so that it is among the first five.
    assert found["r@5"] == 1
    report = json.loads(Path("data/reports/search/keywords.json").read_text())
    assert report["images_without_keywords"] == 0


def test_captions_of_coco_with_the_keywords_it_has(project: Path) -> None:
    write_coco(project / "data" / "karpathy")
    found = search_in(
        "karpathy",
        ["match", "no-match"],
        keywords={"min_df": 1, "folds": 2, "fit_split": "train+test"},
    )
    assert TEST_PAIRS < found["queries"] <= 5 * TEST_PAIRS
    report = json.loads(Path("data/reports/search/keywords.json").read_text())
    assert report["images_without_keywords"] == 6  # of val
