"""A corpus small enough to be written anew for every test."""

from pathlib import Path
from typing import Any

from pipeline.params.project import CorpusParams, PrepareParams

HEADER = "id,image,text,label\n"
LABELS = ["irrelevant", "implicit", "explicit"]


def corpus_params(folder: Path, **changes: Any) -> CorpusParams:
    values = {
        "path": str(folder),
        "images": "image.zip",
        "layout": "csv",
        "encoding": "utf-8-sig",
        "columns": {"id": "id", "image": "image", "text": "text", "label": "label"},
        "labels": LABELS,
        "label_map": {},
        "counts": None,
        "mdid_task": "contextual",
        "mdid_split": 0,
        "expert_protocol": "photo",
        "expert_fold": "a0",
    }
    return CorpusParams.model_validate(values | changes)


def prepare_params(**changes: Any) -> PrepareParams:
    limits = {"max_words": 100, "max_bad_images": 0, "max_pixels": 10**6}
    values = {"tokenizer": "glove_ruby", **limits}
    return PrepareParams.model_validate(values | changes)
