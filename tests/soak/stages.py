"""The stages that are struck, as their pipelines' files have them."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

# One of many that differ in a param alone stands for all.
PIPELINES = {
    "dvc.yaml": (
        *("check_params", "prepare", "extract_regions", "embed_glove", "embed_bert"),
        *("train", "evaluate_sides", "evaluate", "report"),
    ),
    "stages/sample/dvc.yaml": ("draw",),
    "stages/scenes/dvc.yaml": ("extract_scenes",),
    "stages/pretrain/dvc.yaml": (
        *("prepare", "extract_regions", "extract_scenes", "embed_glove", "embed_bert", "pretrain"),
    ),
    "stages/matching/sources/dvc.yaml": ("captions", "pairs", "precomp"),
    "stages/matching/dvc.yaml": ("pairs", "words", "train", "evaluate"),
    "stages/matching/noise_study/dvc.yaml": ("reduce", "train@hinge-0.4-0", "compare"),
    "stages/detector/dvc.yaml": ("label", "train", "evaluate"),
    "stages/search/dvc.yaml": (
        *("keywords", "train", "evaluate", "train_variant@late_fusion", "compare"),
    ),
    "stages/studies/dvc.yaml": (
        *("train_baseline@tfn", "extract_clip@tiny", "train_clip@tiny"),
        *("train_variant@ananet", "train_series@label_noise"),
        *("compare", "ablate", "sweep", "robustness"),
    ),
}


@dataclass(frozen=True)
class Stage:
    """file: its pipeline's dvc.yaml. name: with its item after "@", if it is one of many.
    outputs: files and folders that it makes."""

    file: str
    name: str
    module: str
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        return self.name if self.file == "dvc.yaml" else f"{self.file}:{self.name}"

    @property
    def lock(self) -> str:
        """The file with DVC's record of it."""
        return self.file.replace("dvc.yaml", "dvc.lock")


def module_of(file: str, name: str) -> str:
    """What runs a stage; a test holds every stage to it."""
    folder = "stages" if file == "dvc.yaml" else Path(file).parent.as_posix()
    return f"{folder}/{name.partition('@')[0]}".replace("/", ".")


def read_stages(root: Path, file: str) -> list[Stage]:
    """The stages of a pipeline that are struck, in its project."""
    own = YAML(typ="safe").load(root / file)["stages"]
    return [
        Stage(file, name, module_of(file, name), tuple(_outputs(own, name)))
        for name in PIPELINES[file]
    ]


def _outputs(stages: dict[str, Any], name: str) -> list[str]:
    name, _, item = name.partition("@")
    stage = stages[name].get("do", stages[name])
    listed = [entry for kind in ("outs", "metrics", "plots") for entry in stage.get(kind, [])]
    paths = [entry if isinstance(entry, str) else next(iter(entry)) for entry in listed]
    # ${key}, or ${item.one}-${item.other}
    return [re.sub(r"\$\{.*\}", item, path) for path in paths]
