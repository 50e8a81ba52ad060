"""The real dvc.yaml, run by the real DVC in a repository of its own, on a dozen pairs."""

import csv
import json
import shutil
import sys

import pytest

from tests.dvc_project import Project, clone_project, ran
from tests.small_project import TEST_PAIRS

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """The project after its first `dvc repro`, committed."""
    mktemp = tmp_path_factory.mktemp
    project = clone_project(mktemp("clone"), mktemp("cache"))
    project.dvc("repro", "--quiet")
    project.commit("First run")
    return project


def test_first_run_makes_everything(project: Project) -> None:
    metrics = json.loads((project.root / "data/reports/metrics.json").read_text())
    with (project.root / "data/reports/predictions.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == TEST_PAIRS
    right = sum(row["gold"] == row["predicted"] for row in rows)
    assert metrics["accuracy"] == pytest.approx(right / len(rows), abs=1e-6)
    revision = project.call("git", "rev-parse", "HEAD~1").strip()
    assert revision in (project.root / "data/reports/index.html").read_text()
    tracked = project.call("git", "ls-files", "data", ":!data/pretrained").split()
    standing_in = ["data/features/none", "data/pretrain/none"]
    committed = ["data/reports/metrics.json", "data/reports/origin.json"]
    assert tracked == ["data/README.md", *standing_in, *committed]


def test_second_run_does_nothing(project: Project) -> None:
    assert ran(project.dvc("repro")) == []


def test_fresh_byte_code_is_no_change(project: Project) -> None:
    for folder in project.root.rglob("__pycache__"):
        shutil.rmtree(folder)
    project.call(sys.executable, "-m", "compileall", "-q", "pipeline", "stages")
    assert ran(project.dvc("repro")) == []


def test_root_commands_answer_for_the_main_pipeline_alone(project: Project) -> None:
    assert project.dvc("status") == "Data and pipelines are up to date.\n"
    project.dvc("exp", "save", "--name", "as-it-is")
    project.dvc("commit", "--force")
    assert project.call("git", "status", "--short") == ""
    assert "stages/studies" in project.dvc_of_all("status")


@pytest.mark.parametrize("choice", ["model.scenes=scenes.h5", "model.pretrained=own"])
def test_what_another_pipeline_makes_is_refused_where_dvc_does_not_see_it(
    project: Project, choice: str
) -> None:
    output = project.dvc("exp", "run", "-S", choice, expect=255)
    assert ran(output) == ["check_params"]
    assert "python -m stages exp run" in output
    project.restore()


def test_experiment_reruns_only_the_head(project: Project) -> None:
    output = project.dvc("exp", "run", "-S", "fusion.lambda=0.7", "-S", "train.lr=3e-5")
    assert ran(output) == ["check_params", "train", "evaluate", "report"]
    config = json.loads((project.root / "data/models/ananet/config.json").read_text())
    assert config["fusion"] == {"lambda": 0.7, "eta": 1.0}
    assert "fusion.lambda" in project.dvc("params", "diff")
    project.dvc("metrics", "diff")
    project.restore()


def test_experiment_with_scenes_encodes_them_first_and_nothing_else_again(project: Project) -> None:
    output = project.dvc_of_all("exp", "run", "-S", "model.scenes=scenes.h5")
    scenes = "stages/scenes/dvc.yaml:extract_scenes"
    assert ran(output) == ["check_params", scenes, "train", "evaluate", "report"]
    assert project.call("git", "status", "--short", "data/features") == ""
    project.restore()
    assert ran(project.dvc("repro")) == []


def test_experiment_in_a_temporary_copy(project: Project) -> None:
    project.dvc("exp", "run", "--temp", "--name", "apart", "-S", "fusion.eta=1.3")
    shown = project.dvc("exp", "show", "--csv")
    assert "apart" in shown
    assert ran(project.dvc("repro")) == []


def test_wrong_parameter_stops_before_any_work_and_the_model_stays(project: Project) -> None:
    model = project.root / "data/models/ananet/model.safetensors"
    before = model.read_bytes()
    output = project.dvc("exp", "run", "-S", "train.epochs=0", "-S", "fusion.lambda=x", expect=255)
    assert ran(output) == ["check_params"]
    assert "train.epochs = 0" in output
    assert "fusion.lambda = 'x'" in output
    assert "git checkout params.yaml" in output
    assert "Traceback" not in output
    assert model.read_bytes() == before
    project.call("git", "checkout", "--quiet", "params.yaml")
    assert ran(project.dvc("repro")) == []


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (["pipeline/models/ananet.py"], ["train", "evaluate"]),
        (["pipeline/report/spelling.py", "pipeline/pages/templates/style.css"], ["report"]),
        # Of a tokenizer, no detector knows.
        (
            ["pipeline/tokenizers/tokenize.py", "pipeline/encoders/bert/tokenizer.py"],
            ["prepare", "embed_bert"],
        ),
    ],
)
def test_a_comment_reruns_what_the_code_could_change(
    project: Project, files: list[str], expected: list[str]
) -> None:
    for name in files:
        path = project.root / name
        comment = "/* a comment */" if path.suffix == ".css" else "# a comment"
        path.write_text(f"{path.read_text()}{comment}\n")
    assert ran(project.dvc("repro")) == expected
    project.restore()


def test_a_metric_that_early_stopping_does_not_use_trains_nothing(project: Project) -> None:
    path = project.root / "pipeline/evaluation/metrics.py"
    text = path.read_text()
    assert "    return metrics\n" in text
    path.write_text(text.replace("    return metrics\n", '    return metrics | {"new": 1.0}\n', 1))
    assert ran(project.dvc("repro")) == ["evaluate", "report"]
    project.restore()


def test_a_new_parameter_reruns_what_reads_it(project: Project) -> None:
    code = project.root / "pipeline/params/project.py"
    field = "class EvaluateParams(Section):\n"
    assert field in code.read_text()
    code.write_text(code.read_text().replace(field, f"{field}    threshold: float\n"))
    params = project.root / "params.yaml"
    params.write_text(params.read_text().replace("evaluate:\n", "evaluate:\n  threshold: 0.5\n"))
    assert ran(project.dvc("repro")) == ["check_params", "evaluate", "report"]
    project.restore()


def test_own_corpus_reruns_only_what_its_change_reaches(project: Project) -> None:
    own = project.root / "data/own"
    shutil.copytree(project.root / "data/sample", own)
    project.set_params({"corpus.path": "data/own"})
    project.dvc("repro", "--quiet")
    # The sample is for the sample.
    project.set_params({"sample.seed": 99})
    assert ran(project.dvc("repro")) == ["check_params"]

    table = own / "train_data.csv"
    table.write_text(table.read_text().replace(",explicit", ",implicit", 1))
    prepare, *trained, evaluate, report = ran(project.dvc("repro"))
    assert [prepare, evaluate, report] == ["prepare", "evaluate", "report"]
    assert {*trained} == {"train", "evaluate_sides"}

    project.restore()
    shutil.rmtree(own)


def test_own_posts_pretrain_the_encoders_only_when_they_are_named(project: Project) -> None:
    own = project.root / "data/unlabelled"
    own.mkdir()
    shutil.copy(project.root / "data/sample/image.zip", own)
    tables = [project.root / f"data/sample/{split}_data.csv" for split in ("train", "dev", "test")]
    lines = [line for table in tables for line in table.read_text().splitlines(keepends=True)[1:]]
    # Twice, so that dev, a tenth of the images, has two pairs.
    rows = [f"{copy}{line}" for copy in "ab" for line in lines]
    (own / "posts.csv").write_text("id,image,text,label\n" + "".join(rows))
    assert ran(project.dvc("repro")) == []

    output = project.dvc_of_all("exp", "run", "-S", "model.pretrained=own")
    places = [stage.removeprefix("stages/pretrain/dvc.yaml:") for stage in ran(output)]
    features = {"extract_regions", "embed_glove", "embed_bert"}
    assert places[:2] == ["check_params", "prepare"]
    assert set(places[2:5]) == features
    assert places[5:] == ["pretrain", "train", "evaluate", "report"]
    config = json.loads((project.root / "data/models/ananet/config.json").read_text())
    assert config["model"]["pretrained"] == "own"
    project.restore()
    shutil.rmtree(own)
