"""A corpus small enough to be written anew for every test."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PIL import Image

from pipeline.params import CorpusParams, PrepareParams

HEADER = "id,image,text,label\n"
LABELS = ["irrelevant", "implicit", "explicit"]


def picture(shade: int = 0, size: tuple[int, int] = (4, 3), file_format: str = "PNG") -> bytes:
    """The bytes of a plain grey picture."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, shade, shade)).save(buffer, file_format)
    return buffer.getvalue()


def zip_of(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


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
    }
    return CorpusParams.model_validate(values | changes)


def prepare_params(**changes: Any) -> PrepareParams:
    values = {"tokenizer": "glove_ruby", "max_words": 100, "max_bad_images": 0}
    return PrepareParams.model_validate(values | changes)
