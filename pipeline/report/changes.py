"""What a result changes against the last commit."""

import json
from collections.abc import Mapping
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline import paths
from pipeline.params.base import PARAMS_FILE
from pipeline.params.project import Params
from pipeline.report.provenance import committed, flat, last_commit

_COMPARED = {"accuracy": "accuracy", "f1_weighted": "weighted F1", "f1_macro": "macro F1"}
# Parameters that decide no result.
_IRRELEVANT = ("compute.",)
_F1 = "f1."


def changes(params: Params, metrics: Mapping[str, float]) -> dict[str, Any]:
    """Figures in percent and parameters, as committed and now; empty without a commit of them.

    metrics: content of metrics.json. `same_corpus` is false, and there are no figures, where the
    commit's are of other posts or relations.
    """
    before = _read_json(committed(paths.METRICS))
    old = flat(_read_yaml(committed(PARAMS_FILE)))
    if not before or not old:
        return {}
    new = flat(params.model_dump(by_alias=True))
    same_corpus = all(old.get(key) == new[key] for key in ("corpus.path", "corpus.labels"))
    return {
        "commit": last_commit(),
        "same_corpus": same_corpus,
        "figures": _figures(before, metrics) if same_corpus else [],
        "params": [
            {"name": name, "before": old.get(name), "now": value}
            for name, value in new.items()
            if old.get(name) != value and not name.startswith(_IRRELEVANT)
        ],
    }


def _figures(before: Mapping[str, float], now: Mapping[str, float]) -> list[dict[str, Any]]:
    names = _COMPARED | {
        name: f"F1 of {name.removeprefix(_F1)}" for name in now if name.startswith(_F1)
    }
    return [
        {"name": title, "before": 100 * before[name], "now": 100 * now[name]}
        for name, title in names.items()
        if name in before and name in now
    ]


def _read_json(text: str) -> dict[str, float]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _read_yaml(text: str) -> dict[str, Any]:
    try:
        found = YAML(typ="safe", pure=True).load(text)
    except YAMLError:
        return {}
    return found if isinstance(found, dict) else {}
