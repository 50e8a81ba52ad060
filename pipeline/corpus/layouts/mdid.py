"""The JSON splits of MDID (Kruk et al. 2019, "Integrating Text and Image")."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.core.text_files import read_text, without_surrogates
from pipeline.corpus.pairs import Pair
from pipeline.errors import UserError
from pipeline.faults import parse_json, stop_if_any
from pipeline.params.project import CorpusParams

_DEV_SHARE = 10


def read(corpus: CorpusParams) -> list[Pair]:
    """All pairs: train, dev, test, each in file order.

    MDID has five pairs of train and val splits and no test split. The paper reports on val, which
    is `test` here. `dev` is about a tenth of the published train split, chosen by a hash of the id
    and so independent of the order.

    A pair's image is named by the id; its text is `caption`, the cleaned one of the paper.

    Raises:
        UserError: a file is missing or not a JSON list, or a record lacks the text of a key.
    """
    published = [
        replace(pair, split="dev") if _is_dev(pair.id) else pair
        for pair in _read_split(corpus, "train", "train")
    ]
    return [
        *(pair for pair in published if pair.split == "train"),
        *(pair for pair in published if pair.split == "dev"),
        *_read_split(corpus, "val", "test"),
    ]


def _is_dev(identifier: str) -> bool:
    return int(hashlib.sha256(identifier.encode()).hexdigest(), 16) % _DEV_SHARE == 0


def _read_split(corpus: CorpusParams, published: str, split: str) -> list[Pair]:
    path = Path(corpus.path) / f"{published}_split_{corpus.mdid_split}.json"
    keys = ("id", corpus.mdid_task, "caption")
    pairs, faults = [], []
    for number, record in enumerate(_read_list(path, corpus.encoding), start=1):
        cells = [_cell(record, key) for key in keys]
        name, label, caption = cells
        if name is None or label is None or caption is None:
            faults.append(f"record {number}: {cells}")
        else:
            pairs.append(Pair(name, split, label, name, caption, f"{path.name} record {number}"))
    stop_if_any(f"{path}: records without a text for each of {', '.join(keys)}", faults)
    return pairs


def _read_list(path: Path, encoding: str) -> list[Any]:
    records = parse_json(read_text(path, encoding), path)
    if not isinstance(records, list):
        raise UserError(f"{path} must hold a JSON list of records, not {type(records).__name__}")
    return records


def _cell(record: Any, key: str) -> str | None:
    cell = record.get(key) if isinstance(record, dict) else None
    return without_surrogates(cell) if isinstance(cell, str) else None
