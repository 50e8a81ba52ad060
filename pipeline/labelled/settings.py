"""How tables of new posts are read: as those of the project's corpus, if there is one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pipeline.corpus.tables.posts import ROLES
from pipeline.errors import UserError
from pipeline.params.base import PARAMS_FILE, check_section
from pipeline.params.project import CorpusParams, EvaluateParams


@dataclass(frozen=True)
class Settings:
    """columns: the name of each of id, image, text and label. label_map: as in params.yaml.

    draws: for the intervals.
    """

    encoding: str = "utf-8-sig"
    columns: Mapping[str, str] = field(default_factory=lambda: {role: role for role in ROLES})
    label_map: Mapping[str, str] = field(default_factory=dict)
    draws: EvaluateParams = field(default_factory=lambda: EvaluateParams(bootstrap=1000, seed=0))


def read_settings(path: Path = PARAMS_FILE) -> Settings:
    """The settings of a project's params.yaml; the defaults where there is none, or another's.

    Only what it says of the corpus and the intervals is read, so a fault elsewhere is no matter.

    Raises:
        UserError: the file is no YAML, or a value that is read is wrong.
    """
    raw = _load(path)
    if not isinstance(raw.get("corpus"), dict) or not isinstance(raw.get("evaluate"), dict):
        return Settings()
    corpus = check_section(CorpusParams, raw["corpus"], f"{path}, corpus:")
    draws = check_section(EvaluateParams, raw["evaluate"], f"{path}, evaluate:")
    return Settings(corpus.encoding, corpus.columns.model_dump(), corpus.label_map, draws)


def _load(path: Path) -> dict[str, Any]:
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (YAMLError, UnicodeDecodeError) as error:
        raise UserError(f"{path} is not valid YAML in UTF-8: {error}") from None
    return raw if isinstance(raw, dict) else {}
