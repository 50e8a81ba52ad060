"""Cached rows are used again unless something changed that decides their values, and then never."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from pipeline.encoders.bert.encoder import BertEncoder
from pipeline.encoders.detectors import lite, load_detector
from pipeline.encoders.detectors.faster_rcnn import FasterRCNNDetector
from pipeline.encoders.detectors.lite import FasterRCNNLite
from pipeline.encoders.regions.encoder import RegionEncoder
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import Encoder, identity
from pipeline.encoders.rows.extract import extract
from pipeline.encoders.scenes.encoder import SceneEncoder, load_trunk
from tests.encoders.bert.tiny_bert import save_tiny_bert
from tests.encoders.rows.toy_encoder import ToyEncoder, items

CPU = torch.device("cpu")
CLASSES = ("__background__", "dog", "cat")


def lite_weights(folder: Path, seed: int = 0) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / "lite.safetensors"
    torch.manual_seed(seed)
    save_file(FasterRCNNLite(CLASSES).state_dict(), path, {"classes": json.dumps(CLASSES)})
    return path


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return lite_weights(tmp_path_factory.mktemp("lite"))


def regions(weights: Path, **changes: Any) -> Encoder:
    arguments = {"name": "lite", "count": 36, "device": CPU, **changes}
    return RegionEncoder(detector=load_detector("fasterrcnn_lite", weights), **arguments)


@pytest.mark.parametrize(
    "changes",
    [{"count": 10}, {"input": "square224"}, {"select": "rpn_order"}, {"compile_trunk": True}],
)
def test_another_setting_of_regions_gives_other_rows(
    weights: Path, changes: dict[str, Any]
) -> None:
    assert identity(regions(weights, **changes)) != identity(regions(weights))


def test_other_weights_of_a_detector_give_other_rows(weights: Path, tmp_path: Path) -> None:
    assert identity(regions(lite_weights(tmp_path, seed=1))) != identity(regions(weights))


def change_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite, "INPUT_SIZE", 320)


def change_nms(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite, "_NMS_THRESHOLD", 0.61)


def change_anchors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite, "_ANCHOR_SIZES", ((16, 32), (64, 96), (144, 224)))


def change_proposals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite, "_PROPOSALS", 77)


def raise_revision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lite, "REVISION", 2)


@pytest.mark.parametrize(
    "change", [change_size, change_nms, change_anchors, change_proposals, raise_revision]
)
def test_another_construction_of_a_detector_gives_other_rows(
    weights: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[pytest.MonkeyPatch], None]
) -> None:
    before = identity(regions(weights))
    change(monkeypatch)
    assert identity(regions(weights)) != before


def test_another_normalisation_of_a_detector_gives_other_rows() -> None:
    def settings(mean: float) -> dict[str, Any]:
        model = FasterRCNNLite(CLASSES)
        model.transform.image_mean = (mean, mean, mean)
        return FasterRCNNDetector(model, CLASSES, 0.5, lambda image: None, {}).settings

    assert settings(0.0) != settings(0.5)


@pytest.mark.parametrize("change", [{"weights": "b"}, {"size": 192}, {"normalisation": [0.5, 0.5]}])
def test_another_scene_network_gives_other_rows(change: dict[str, Any]) -> None:
    trunk = load_trunk("efficientnet_lite0")
    before = identity(SceneEncoder("efficientnet_lite0", trunk, CPU))
    assert identity(SceneEncoder("efficientnet_lite0", replace(trunk, **change), CPU)) != before


@pytest.mark.parametrize("file", ["model.safetensors", "tokenizer.json", "config.json"])
def test_another_file_of_a_transformer_gives_other_rows(tmp_path: Path, file: str) -> None:
    folder = save_tiny_bert(tmp_path / "one")
    before = identity(BertEncoder(folder, -1, "mean", CPU))
    if file == "model.safetensors":
        shutil.copy(save_tiny_bert(tmp_path / "other", seed=1) / file, folder / file)
    else:
        text = (folder / file).read_text()
        (folder / file).write_text(text + "\n")
    assert identity(BertEncoder(folder, -1, "mean", CPU)) != before


@pytest.mark.parametrize(("layer", "merge"), [(1, "mean"), (-1, "max"), (-1, "first")])
def test_another_layer_or_merging_of_pieces_gives_other_rows(
    tmp_path: Path, layer: int, merge: Any
) -> None:
    folder = save_tiny_bert(tmp_path / "one")
    before = identity(BertEncoder(folder, -1, "mean", CPU))
    assert identity(BertEncoder(folder, layer, merge, CPU)) != before


def test_where_weights_lie_and_how_many_cores_there_are_changes_nothing(
    weights: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "elsewhere.safetensors"
    shutil.copy(weights, moved)
    other = regions(moved)
    other.parallel_calls = 7  # type: ignore[misc]
    assert identity(other) == identity(regions(weights))


def test_an_order_of_its_own_and_new_sources_compute_only_what_is_new(tmp_path: Path) -> None:
    extract(ToyEncoder(), items(range(30)), RowCache(tmp_path, ToyEncoder()))
    later = ToyEncoder(seconds=0.001)
    later.parallel_calls = 1  # type: ignore[misc]
    assert extract(later, items(range(33))[::-1], RowCache(tmp_path, later)) == 3
    assert sorted(later.loaded) == [30, 31, 32]
