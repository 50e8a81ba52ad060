"""Each preset of matching trains an epoch on a small folder in the exact layout of its corpus."""

import json
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from dvc.utils.hydra import apply_overrides

from pipeline.params.presets import MATCHING
from stages.matching import evaluate, pairs, train, words
from stages.matching.sources import precomp
from tests.tiny import ROOT

# The width and the stages are cut down; regions are as many and as wide as the published ones.
SMALL = [
    "model.width=8",
    "model.similarity_width=4",
    "text.width=4",
    "train.stages=[1]",
    "train.batch_size=16",
    "train.device=cpu",
    "correction.warm_up=1",
    "corpus.min_count=1",
]
FILES = {
    "f30k": {"train": 24, "dev": 6, "test": 6},
    "coco": {"train": 24, "dev": 6, "test": 6, "testall": 10},
    "cc152k": {"train": 40, "dev": 12, "test": 12},
}
TESTED = {"f30k": 6, "coco": 10, "cc152k": 12}


def write_folder(name: str) -> None:
    folder = Path(f"data/{name}_precomp")
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split, images in FILES[name].items():
        regions = rng.random((images, 36, 2048), np.float32)
        np.save(folder / f"{split}_ims.npy", regions)
        each = 1 if name == "cc152k" else 5
        captions = [f"A man's T-shirt , number {i} ." for i in range(images * each)]
        ids = [1000 + i // each for i in range(images * each)]
        if name == "cc152k":
            rows = [f"{i}\t{text}" for i, text in zip(ids, captions, strict=True)]
            (folder / f"{split}_caps.tsv").write_text("\n".join(rows) + "\n")
        else:
            (folder / f"{split}_caps.txt").write_text("\n".join(captions) + "\n")
        (folder / f"{split}_ids.txt").write_text("\n".join(map(str, ids)) + "\n")


@pytest.mark.parametrize("name", MATCHING)
def test_trains_an_epoch_on_its_layout(tmp_path: Path, name: str) -> None:
    params = tmp_path / "stages/matching/params.yaml"
    params.parent.mkdir(parents=True)
    params.write_text((ROOT / "stages/matching/params.yaml").read_text())
    preset = [f"{key}={json.dumps(value)}" for key, value in MATCHING[name].items()]
    apply_overrides(params, [*preset, *SMALL, *(["evaluate.fold=5"] if name == "coco" else [])])
    (tmp_path / "params.yaml").write_text((ROOT / "params.yaml").read_text())
    with chdir(tmp_path):
        write_folder(name)
        for stage in (precomp, pairs, words, train, evaluate):
            stage.main()
        metrics = json.loads(Path("data/reports/matching.json").read_text())
        report = json.loads(Path("data/matching/pairs/noise.json").read_text())
        images = pd.read_parquet("data/matching/pairs/images.parquet")
        members = {path.name for path in Path("data/models/matching").iterdir() if path.is_dir()}
    assert members == {"saf", "sgr"}
    assert 0 < metrics["rsum"] <= 600
    assert (images["split"] == "test").sum() == TESTED[name]
    assert ("rsum_fold" in metrics) == (name == "coco")
    # Of CC152K, nobody knows which pairs are wrong.
    assert ("noise_rate" in metrics) == (name != "cc152k")
    assert (report["wrong"] > 0) == (name != "cc152k")
