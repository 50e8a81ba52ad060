"""params.yaml: what arrives as what, and one line per fault."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from pipeline.errors import UserError
from pipeline.params.project import Params, load_params

SHIPPED = Path(__file__).parents[2] / "params.yaml"
Edited = Callable[[dict[str, str]], Path]


@pytest.fixture
def edited(tmp_path: Path) -> Edited:
    """Writes a copy of the shipped file with other values, given as they stand in the file."""

    def write(changes: dict[str, str]) -> Path:
        yaml = YAML(typ="safe")
        values = yaml.load(SHIPPED.read_text(encoding="utf-8"))
        for number, key in enumerate(changes):
            section, name = key.split(".")
            values[section][name] = f"PLACE-{number}."
        buffer = io.StringIO()
        yaml.dump(values, buffer)
        text = buffer.getvalue()
        for number, value in enumerate(changes.values()):
            text = text.replace(f"PLACE-{number}.", value)
        path = tmp_path / "params.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def faults(path: Path) -> list[str]:
    with pytest.raises(UserError) as error:
        load_params(path)
    title, *lines = str(error.value).splitlines()
    assert title == f"{path} has {len(lines)} fault(s):"
    return lines


def test_the_shipped_file_is_right() -> None:
    assert isinstance(load_params(SHIPPED), Params)


def test_the_shipped_file_has_the_settings_of_the_paper() -> None:
    """Section IV of the paper, where this project does not say that it differs."""
    params = load_params(SHIPPED)

    assert (params.train.lr, params.train.batch_size) == (0.001, 64)
    assert (params.model.hidden, params.association.d_inv) == (1024, 200)
    assert (params.loss.alpha, params.loss.beta) == (0.1, 2)
    assert (params.regions.count, params.prepare.max_words) == (36, 100)
    assert (params.fusion.lambda_, params.fusion.eta) == (1, 1)
    assert (params.model.streams, params.association.features) == ("both", "inv")
    assert params.corpus.labels == ["irrelevant", "implicit", "explicit"]


@pytest.mark.parametrize("text", ["3e-5", "3e-05", "3E-5", "0.00003", "3.0e-5"])
def test_numbers_in_any_notation_are_numbers(edited: Edited, text: str) -> None:
    assert load_params(edited({"train.lr": text})).train.lr == 3e-5


def test_whole_numbers_serve_as_fractions(edited: Edited) -> None:
    fusion = load_params(edited({"fusion.lambda": "2", "fusion.eta": "0"})).fusion

    assert (fusion.lambda_, fusion.eta) == (2.0, 0.0)
    assert isinstance(fusion.lambda_, float)


@pytest.mark.parametrize(
    ("key", "text", "shown", "allowed"),
    [
        ("fusion.lambda", "abc", "'abc'", "valid number"),
        ("fusion.lambda", "'0.7'", "'0.7'", "valid number"),
        ("fusion.lambda", "1/2", "'1/2'", "valid number"),
        ("fusion.lambda", "", "None", "valid number"),
        ("fusion.lambda", "true", "True", "valid number"),
        ("fusion.lambda", "[0.7]", "[0.7]", "valid number"),
        ("fusion.lambda", "-0.5", "-0.5", "greater than or equal to 0"),
        ("fusion.eta", ".nan", "nan", "finite number"),
        ("fusion.eta", ".inf", "inf", "finite number"),
        ("fusion.eta", "-.inf", "-inf", "finite number"),
        ("fusion.eta", "NaN", "'NaN'", "valid number"),
        ("train.lr", "0", "0", "greater than 0"),
        ("train.lr", "1e400", "inf", "finite number"),
        ("train.batch_size", "64.5", "64.5", "valid integer"),
        ("train.batch_size", "0", "0", "greater than or equal to 1"),
        ("train.epochs", "-3", "-3", "greater than or equal to 1"),
        ("model.dropout", "1.0", "1.0", "less than 1"),
        ("model.streams", "bot", "'bot'", "'both', 'association', 'alignment' or 'none'"),
        ("model.mask_padding", "yes", "'yes'", "valid boolean"),
        (
            "prepare.tokenizer",
            "glove",
            "'glove'",
            "'glove_ruby', 'glove_fixed', 'plain' or 'cased'",
        ),
        ("train.seed", "4294967296", "4294967296", "less than 4294967296"),
        ("prepare.max_pixels", "0", "0", "greater than or equal to 1"),
        ("prepare.max_pixels", "89478486", "89478486", "less than or equal to 89478485"),
        ("prepare.max_bad_images", "-1", "-1", "greater than or equal to 0"),
        ("corpus.counts", "mvsa", "'mvsa'", "'ccd'"),
        ("corpus.path", "''", "''", "at least 1 character"),
        ("corpus.mdid_split", "5", "5", "less than or equal to 4"),
        ("corpus.expert_protocol", "images", "'images'", "'photo' or 'disjoint'"),
        ("corpus.expert_fold", "d0", "'d0'", "'a0', 'a1', 'b0', 'b1', 'c0' or 'c1'"),
        ("regions.detector", "yolo", "'yolo'", "fasterrcnn_lite, fasterrcnn_resnet50_fpn, "),
        ("scenes.encoder", "vgg", "'vgg'", "'efficientnet_lite0', 'resnet18' or 'inception_v3'"),
        ("train.device", "gpu", "'gpu'", "auto, cpu, cuda or cuda:N"),
        ("bert.device", "cuda:x", "'cuda:x'", "auto, cpu, cuda or cuda:N"),
    ],
)
def test_a_wrong_value_is_shown_with_its_key_and_what_is_allowed(
    edited: Edited, key: str, text: str, shown: str, allowed: str
) -> None:
    (line,) = faults(edited({key: text}))

    assert key in line
    assert shown in line
    assert allowed in line


@pytest.mark.parametrize("label", ["total", '"a\\nb"', '"a\\rb"', '"\\e[2J"'])
def test_a_label_that_reports_cannot_show_is_refused(edited: Edited, label: str) -> None:
    (line,) = faults(edited({"corpus.labels": f"[yes, {label}]"}))
    assert "labels must be one line of text, and not 'total'" in line


@pytest.mark.parametrize("device", ["auto", "cpu", "cuda", "cuda:3"])
def test_devices(edited: Edited, device: str) -> None:
    assert load_params(edited({"train.device": device})).train.device == device


def test_each_fault_has_its_line(edited: Edited) -> None:
    lines = faults(edited({"fusion.lambda": "abc", "train.lr": "-1", "bert.merge": "sum"}))

    assert [line.split()[0] for line in lines] == ["bert.merge", "fusion.lambda", "train.lr"]


def test_an_unknown_key_is_named_with_the_known_ones(edited: Edited) -> None:
    (line,) = faults(edited({"fusion.lamda": "0.7"}))

    assert line == "  fusion.lamda: no such parameter; known here: lambda, eta"


def test_an_unknown_section_is_named_with_the_known_ones(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(SHIPPED.read_text(encoding="utf-8") + "\nfuson:\n  eta: 1\n", encoding="utf-8")

    (line,) = faults(path)
    assert line.startswith("  fuson: no such parameter; known here: sample, corpus, prepare")


def test_missing_keys_are_named(tmp_path: Path) -> None:
    values = YAML(typ="safe").load(SHIPPED.read_text(encoding="utf-8"))
    del values["fusion"]["eta"], values["train"]
    path = tmp_path / "params.yaml"
    YAML().dump(values, path)

    assert faults(path) == ["  fusion.eta: is missing", "  train: is missing"]


def test_parameters_cannot_be_changed() -> None:
    params = load_params(SHIPPED)

    with pytest.raises(ValidationError):
        params.fusion.eta = 2.0  # type: ignore[misc]


@pytest.mark.parametrize("key", ["0", "'0'", '"0"'])
def test_labels_that_are_numbers_are_mapped_as_text(edited: Edited, key: str) -> None:
    path = edited({"corpus.label_map": f"{{{key}: irrelevant, 还行: implicit}}"})

    assert load_params(path).corpus.label_map == {"0": "irrelevant", "还行": "implicit"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"corpus.label_map": "{0: irelevant}"}, "label_map leads to ['irelevant']"),
        ({"corpus.labels": "[a, b, a]"}, "labels must differ"),
        ({"association.d_var": "100"}, "d_inv = 200 and d_var = 100 must be equal"),
        ({"model.hidden": "1023"}, "hidden = 1023 must be even"),
        (
            {"compute.training_processes": "2", "loss.reduction": "sum"},
            "training_processes must be 1 with loss.reduction = 'sum'",
        ),
    ],
)
def test_values_that_do_not_go_together(
    edited: Edited, changes: dict[str, str], reason: str
) -> None:
    (line,) = faults(edited(changes))

    assert reason in line


def test_one_label_is_no_classification(edited: Edited) -> None:
    (line,) = faults(edited({"corpus.labels": "[only]"}))

    assert "corpus.labels" in line


def test_widths_may_differ_where_the_constraint_allows_it(edited: Edited) -> None:
    path = edited({"association.d_var": "100", "association.orthogonality": "wpt"})

    assert load_params(path).association.d_var == 100


@pytest.mark.parametrize("text", ["", "- a list", "just text", "42"])
def test_what_is_no_mapping_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)

    with pytest.raises(UserError, match=r"params\.yaml has 1 fault"):
        load_params(path)


@pytest.mark.parametrize(
    "text", ["train: [", "train:\n\tlr: 1", "a: 1\na: 2", "a: !!python/name:os.system"]
)
def test_what_is_no_yaml_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)

    with pytest.raises(UserError, match=r"params\.yaml is not valid YAML"):
        load_params(path)


def test_a_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not found; run this from the project's root"):
        load_params(tmp_path / "params.yaml")
