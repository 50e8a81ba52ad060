"""A sample corpus as a reader finds it on disk."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pandas as pd

SPLITS = ("train", "dev", "test")


@dataclass(frozen=True)
class Corpus:
    tables: dict[str, pd.DataFrame]
    truth: list[dict[str, Any]]
    images: dict[str, bytes]


def read_corpus(folder: Path) -> Corpus:
    tables = {
        split: pd.read_csv(folder / f"{split}_data.csv", dtype=str, keep_default_na=False)
        for split in SPLITS
    }
    lines = (folder / "truth.jsonl").read_text(encoding="utf-8").splitlines()
    with ZipFile(folder / "image.zip") as archive:
        images = {name: archive.read(name) for name in archive.namelist()}
    return Corpus(tables, [json.loads(line) for line in lines], images)
