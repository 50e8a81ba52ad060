"""The plan that ships: what it runs is there, and what it overrides."""

import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
import yaml
from ruamel.yaml import YAML

from pipeline.errors import UserError
from pipeline.params.matching import load_matching_params
from pipeline.params.pretrain import load_pretrain_params
from pipeline.params.project import load_params
from pipeline.params.search import load_search_params
from pipeline.params.studies import load_study_params
from results.clone import overridden
from results.plan import load_plan
from results.summaries import SUMMARIES
from tests.tiny import ROOT

PLAN = load_plan()
READERS = {
    "params.yaml": load_params,
    "stages/pretrain/params.yaml": load_pretrain_params,
    "stages/matching/params.yaml": load_matching_params,
    "stages/search/params.yaml": load_search_params,
    "stages/studies/params.yaml": load_study_params,
}


@pytest.mark.parametrize("name", PLAN.parts)
def test_every_point_gives_params_that_the_pipelines_accept(name: str, tmp_path: Path) -> None:
    part = PLAN.parts[name]
    for point in part.points:
        for file, changes in PLAN.params(part, point).items():
            values = overridden(YAML().load(ROOT / file), changes)
            YAML().dump(values, tmp_path / "params.yaml")
            READERS[file](tmp_path / "params.yaml")


@pytest.mark.parametrize("name", PLAN.parts)
def test_every_target_is_a_stage(name: str) -> None:
    for command in PLAN.parts[name].commands:
        program, *words = shlex.split(command)
        if program == "python":
            assert words[0] == "-m"
            assert words[1] == "pipeline" or find_spec(words[1])
            continue
        assert (program, words[0]) == ("dvc", "repro")
        for target in words[1:]:
            file, _, stage = target.partition(":")
            stages = yaml.safe_load((ROOT / file).read_text())["stages"]
            assert not stage or stage.partition("@")[0] in stages


def test_all_of_it_takes_ten_hours_at_most() -> None:
    assert sum(part.hours for part in PLAN.parts.values()) <= 10


def test_every_summary_is_there() -> None:
    assert {part.summary for part in PLAN.parts.values()} <= {*SUMMARIES}


def test_a_part_without_its_corpus_is_refused(tmp_path: Path) -> None:
    values = yaml.safe_load((ROOT / "results" / "plan.yaml").read_text())
    values["parts"]["mvsa"]["corpus"] = "mvas"
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(values))
    with pytest.raises(UserError, match=r"parts\.mvsa: no corpus 'mvas'"):
        load_plan(tmp_path / "plan.yaml")


def test_a_point_goes_over_its_part_and_that_over_the_corpus() -> None:
    part = PLAN.parts["expert_disjoint"]
    found = PLAN.params(part, "b1")["params.yaml"]
    assert found["corpus.layout"] == "flickr8k_expert"
    assert (found["corpus.expert_protocol"], found["corpus.expert_fold"]) == ("disjoint", "b1")
