import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from ruamel.yaml import YAML
from safetensors.torch import save_file

from pipeline import paths
from pipeline.encoders.detectors.lite import FasterRCNNLite
from pipeline.errors import UserError
from pipeline.features.store import RegionFeatures, SceneFeatures
from stages import extract_regions
from stages.pretrain import extract_scenes as pretrain_scenes
from stages.pretrain import paths as pretrain_paths
from stages.scenes import extract_scenes

ROOT = Path(__file__).parents[2]
CLASSES = ("__background__", "dog", "cat")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of two good images and a broken one, with an untrained detector."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANANET_CACHE", str(tmp_path / "cache"))
    torch.manual_seed(0)
    weights = FasterRCNNLite(CLASSES).state_dict()
    detector = paths.PRETRAINED / "regions" / "untrained.safetensors"
    detector.parent.mkdir(parents=True)
    save_file(weights, detector, {"classes": json.dumps(CLASSES)})
    yaml = YAML()
    params = yaml.load(ROOT / "params.yaml")
    params["corpus"].update(path="posts", images="images")
    params["regions"].update(weights=str(detector), count=5, device="cpu")
    params["scenes"].update(device="cpu")
    yaml.dump(params, tmp_path / "params.yaml")
    _prepare(tmp_path / "posts" / "images")
    return tmp_path


def _prepare(images: Path) -> None:
    images.mkdir(parents=True)
    for number, size in enumerate([(300, 200), (64, 90)]):
        noise = np.random.default_rng(number).integers(0, 256, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(noise).resize(size).save(images / f"{number}.png")
    (images / "broken.png").write_bytes(b"no image")
    names = ["0.png", "broken.png", "1.png"]
    table = pd.DataFrame(
        {
            "key": [sha256((images / name).read_bytes()).hexdigest() for name in names],
            "name": names,
            "status": ["ok", "unreadable", "ok"],
            "width": [300, 0, 64],
            "height": [200, 0, 90],
        }
    )
    paths.IMAGES.parent.mkdir(parents=True)
    table.to_parquet(paths.IMAGES, index=False)


def test_regions_of_a_small_corpus(project: Path) -> None:
    extract_regions.main()
    found = RegionFeatures.read(paths.REGIONS)
    assert found.features.shape == (3, 5, 1024)
    assert found.status.tolist() == [0, 2, 0]
    assert found.mask.any(1).tolist() == [True, False, True]
    assert found.size.tolist() == [[200, 300], [0, 0], [90, 64]]
    assert found.class_names == list(CLASSES)
    for row, (height, width) in [(0, (200, 300)), (2, (90, 64))]:
        x1, y1, x2, y2 = found.boxes[row][found.mask[row]].T
        assert (x1 < x2).all()
        assert (y1 < y2).all()
        assert min(x1.min(), y1.min()) >= 0
        assert x2.max() <= width + 1e-3
        assert y2.max() <= height + 1e-3


def test_scenes_of_a_small_corpus(project: Path) -> None:
    extract_scenes.main()
    found = SceneFeatures.read(paths.SCENES)
    assert found.pooled.shape == (3, 1280)
    assert found.grid.shape == (3, 49, 320)
    assert found.grid_shape == (7, 7)
    assert found.pooled.any(1).tolist() == [True, False, True]


def test_scenes_for_pretraining_are_those_of_its_own_corpus(project: Path) -> None:
    yaml = YAML()
    params = yaml.load(ROOT / "stages/pretrain/params.yaml")
    params["corpus"].update(path="posts", images="images")
    Path("stages/pretrain").mkdir(parents=True)
    yaml.dump(params, Path("stages/pretrain/params.yaml"))
    pretrain_paths.FOLDER.mkdir(parents=True)
    paths.IMAGES.rename(pretrain_paths.IMAGES)
    pretrain_scenes.main()
    found = SceneFeatures.read(pretrain_paths.SCENES)
    assert found.status.tolist() == [0, 2, 0]
    assert found.grid.any((1, 2)).tolist() == [True, False, True]


@pytest.mark.parametrize("main", [extract_regions.main, extract_scenes.main])
def test_without_the_images_the_parameter_is_named(project: Path, main: Callable[[], None]) -> None:
    (project / "posts").rename(project / "elsewhere")
    with pytest.raises(UserError, match=r"posts/images: .*corpus.images"):
        main()
