"""What an edit runs again in the further pipelines, by the stages as DVC itself resolves them."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from results.pipelines import address, every_pipeline

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def stages() -> dict[str, tuple[set[Path], set[Path]]]:
    """Dependencies and outputs of every stage of every pipeline, by its address."""
    found = every_pipeline().index.stages
    return {address(stage): (paths_of(stage.deps), paths_of(stage.outs)) for stage in found}


def paths_of(entries: Iterable[Any]) -> set[Path]:
    root = every_pipeline().root_dir
    return {Path(entry.fs_path).relative_to(root) for entry in entries}


def rerun(stages: dict[str, tuple[set[Path], set[Path]]], edited: str) -> set[str]:
    """The stages that an edit makes DVC run again, where each changes what it makes."""
    changed, found = {Path(edited)}, set[str]()
    while True:
        stale = {
            name
            for name, (deps, _) in stages.items()
            if any(c == d or d in c.parents or c in d.parents for c in changed for d in deps)
        }
        if stale == found:
            return found
        found = stale
        changed |= {out for name in stale for out in stages[name][1]}


def trained(found: set[str]) -> set[str]:
    """The stages of the studies that train, by name."""
    prefix = "stages/studies/dvc.yaml:"
    own = {name.removeprefix(prefix) for name in found if name.startswith(prefix)}
    return {name for name in own if name.startswith("train_")}


def test_an_edited_baseline_trains_its_own_rows(stages: Any) -> None:
    found = rerun(stages, "pipeline/models/tfn.py")
    assert trained(found) == {"train_baseline@tfn"}
    assert found - trained(found) <= {
        f"stages/studies/dvc.yaml:{n}" for n in ("train_baseline@tfn", "compare")
    }


def test_an_edited_ananet_trains_its_own_rows(stages: Any) -> None:
    found = rerun(stages, "pipeline/models/ananet.py")
    names = trained(found)
    assert {"train_series@sweep", "train_variant@ananet"} <= names
    assert not {name for name in names if name.startswith("train_baseline")}
    assert {"train", "evaluate", "report"} <= found
    assert not {"prepare", "extract_regions", "embed_glove", "embed_bert"} & found


@pytest.mark.parametrize(
    "edited",
    [
        "pipeline/studies/tables/tables.py",
        "pipeline/studies/tables/figures.py",
        "pipeline/matching/plots.py",
        "pipeline/search/evaluation/figures.py",
        "pipeline/search/comparison.py",
        "pipeline/report/spelling.py",
        "pipeline/corpus/posts.py",
        "pipeline/pages/templates/page.html",
        "pipeline/metrics/classification.py",
        "pipeline/evaluation/metrics.py",
    ],
)
def test_an_edited_table_figure_page_or_metric_trains_nothing(stages: Any, edited: str) -> None:
    found = rerun(stages, edited)
    assert found
    assert not {name for name in found if "train" in name or "extract" in name}


def test_a_tokenizer_runs_no_detector(stages: Any) -> None:
    direct = {name for name, (deps, _) in stages.items() if Path("pipeline/tokenizers") in deps}
    assert direct == {
        "prepare",
        "stages/matching/sources/dvc.yaml:captions",
        "stages/matching/sources/dvc.yaml:pairs",
        "stages/matching/sources/dvc.yaml:precomp",
        "stages/pretrain/dvc.yaml:prepare",
        "stages/search/dvc.yaml:keywords",
    }


def test_pretraining_is_off_until_it_is_named(stages: Any) -> None:
    own = "stages/pretrain/dvc.yaml:pretrain"
    assert rerun(stages, "stages/pretrain/pretrain.py") == {own}
    assert own not in rerun(stages, "pipeline/models/ananet.py")
    extracted = rerun(stages, "pipeline/pretraining/training.py")
    assert extracted == {own}


def test_parameters_and_paths_are_code_of_no_stage(stages: Any) -> None:
    for edited in ("pipeline/params/project.py", "pipeline/paths.py", "pipeline/errors.py"):
        assert rerun(stages, edited) == set()


def test_the_sample_is_drawn_for_the_sample_alone(stages: Any) -> None:
    drawn = rerun(stages, "pipeline/sample/writer.py")
    assert "stages/sample/dvc.yaml:draw" in drawn
    assert not [name for name in stages if name.startswith("sample")]
