"""The JSON splits of MDID (Kruk et al. 2019, "Integrating Text and Image")."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipeline.corpus.faults import Faults
from pipeline.corpus.pairs import Pair
from pipeline.corpus.text_files import read_text
from pipeline.errors import UserError
from pipeline.params import CorpusParams

_DEV_SHARE = 10


def read_mdid(corpus: CorpusParams) -> list[Pair]:
    """All pairs: train, dev, test, each in file order.

    MDID has five pairs of train and val splits and no test split. The paper reports on val, so that
    is `test` here, and nothing is chosen by it. `dev` is about a tenth of the published train
    split, by a hash of the id: which posts that are does not depend on their order.

    A pair's image is named by the id; its text is `caption`, the cleaned one of the paper.

    Raises:
        UserError: a file is missing or no JSON list, or a record lacks the text of a key.
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
    faults = Faults(f"{path}: records without a text for each of {', '.join(keys)}")
    pairs = []
    for number, record in enumerate(_read_list(path, corpus.encoding), start=1):
        cells = [_cell(record, key) for key in keys]
        name, label, caption = cells
        if name is None or label is None or caption is None:
            faults.add(f"record {number}: {cells}")
        else:
            pairs.append(Pair(name, split, label, name, caption, f"{path.name} record {number}"))
    faults.stop_if_more_than(0)
    return pairs


def _read_list(path: Path, encoding: str) -> list[Any]:
    try:
        records = json.loads(read_text(path, encoding))
    except (json.JSONDecodeError, RecursionError) as error:
        raise UserError(f"{path} is no JSON: {error}") from None
    if not isinstance(records, list):
        raise UserError(f"{path} must hold a JSON list of records, not {type(records).__name__}")
    return records


def _cell(record: Any, key: str) -> str | None:
    cell = record.get(key) if isinstance(record, dict) else None
    if not isinstance(cell, str):
        return None
    # JSON can escape half of a character (\ud83d), which no file could hold.
    return cell.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
