"""The configuration of a detectron2 model, from its model zoo or a local YAML file."""

from pathlib import Path
from typing import Any

import detectron2
import yaml
from detectron2.config import CfgNode, get_cfg
from detectron2.data import MetadataCatalog

from pipeline.encoders.detectors.detectron2.caffe import allow_caffe_keys, translate_caffe_keys
from pipeline.errors import UserError

CLASSES_FILE = "classes.txt"

_ZOO = Path(detectron2.__file__).parent / "model_zoo" / "configs"
_HEADS = "an FPN or C4 box head, such as COCO-Detection/faster_rcnn_R_50_FPN_3x.yaml"
# No feature depends on these.
_IRRELEVANT = ("WEIGHTS", "DEVICE")


def find_file(name: str) -> Path:
    """The local YAML file of this name, or else that of the model zoo.

    Raises:
        UserError: there is neither.
    """
    for path in (Path(name), _ZOO / name):
        if path.suffix == ".yaml" and path.is_file():
            return path
    raise UserError(
        f"regions.detector: detectron2 has no configuration {name!r}, nor is it a local .yaml file;"
        f" allowed: one with {_HEADS}"
    )


def read_settings(path: Path) -> CfgNode:
    """The settings of a YAML file and of its base files.

    Raises:
        UserError: it is no such file, or sets an unknown key.
    """
    settings = get_cfg()
    allow_caffe_keys(settings)
    try:
        # By default, detectron2 runs any code that a YAML file names.
        settings.merge_from_file(str(path), allow_unsafe=False)
    except (OSError, KeyError, ValueError, AssertionError, TypeError, yaml.YAMLError) as error:
        raise UserError(f"{path} is no configuration of detectron2: {error}") from None
    translate_caffe_keys(settings)
    settings.MODEL.DEVICE = "cpu"
    settings.freeze()
    return settings


def relevant_settings(settings: CfgNode) -> dict[str, Any]:
    """The settings that change features, JSON-able."""
    model = {key: value for key, value in settings.MODEL.items() if key not in _IRRELEVANT}
    sizes = {key: settings.INPUT[key] for key in ("FORMAT", "MIN_SIZE_TEST", "MAX_SIZE_TEST")}
    return {"model": model, "input": sizes}


def class_names(settings: CfgNode, path: Path) -> tuple[str, ...]:
    """Background, then the names in classes.txt beside the file, or those of the training data.

    Raises:
        UserError: classes.txt has too few or too many names.
    """
    count: int = settings.MODEL.ROI_HEADS.NUM_CLASSES
    listed = path.with_name(CLASSES_FILE)
    if listed.is_file():
        names = listed.read_text(encoding="utf-8").splitlines()
        if len(names) != count:
            raise UserError(f"{listed} has {len(names)} lines, but {path.name} {count} classes")
    else:
        known = [MetadataCatalog.get(data).get("thing_classes") for data in settings.DATASETS.TRAIN]
        fitting = [names for names in known if names and len(names) == count]
        names = fitting[0] if fitting else [f"class {i}" for i in range(1, count + 1)]
    return ("__background__", *names)
