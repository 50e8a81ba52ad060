"""Checkpoints of published code: the same similarities where layers map, a refusal where not."""

import json
from argparse import Namespace
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pipeline.__main__ import main
from pipeline.errors import UserError
from pipeline.files import file_hash
from pipeline.matching.published import read_published
from pipeline.models.matching.model import MatchingModel
from tests.matching import published_models as published
from tests.matching.published_models import ImageEncoder, TextEncoder

SCAN_OPTIONS = {
    "cross_attn": "t2i",
    "agg_func": "Mean",
    "raw_feature_norm": "clipped_l2norm",
    "lambda_softmax": 4.0,
}


def encoders(pooled: bool) -> tuple[Any, Any]:
    torch.manual_seed(0)
    return published.trained(ImageEncoder(pooled)), published.trained(TextEncoder(pooled))


@pytest.mark.parametrize(
    ("member", "options"), [("vse_infinity", {"module_name": "VSEinfty"}), ("scan", SCAN_OPTIONS)]
)
def test_finds_the_similarities_of_the_published_model(
    tmp_path: Path, member: str, options: dict[str, Any]
) -> None:
    image, text = encoders(member == "vse_infinity")
    published.save(tmp_path / "model_best.pth.tar", [image, text], **options)
    model, sha256 = read_published(str(tmp_path / "model_best.pth.tar"))
    assert sha256 == file_hash(tmp_path / "model_best.pth.tar")
    regions, words = torch.randn(3, 6, published.REGIONS), torch.randint(published.WORDS, (3, 4))
    whole = torch.ones(3, 6, dtype=torch.bool), torch.ones(3, 4, dtype=torch.bool)
    found = model(regions, whole[0], words, whole[1])
    similarity = getattr(published, member)
    for i in range(3):
        for j in range(3):
            expected = similarity(image, text, regions[i], words[j])
            assert float(found[i, j].detach()) == pytest.approx(expected, abs=1e-6)


def test_weights_of_several_gpus_have_their_prefix_taken_off(tmp_path: Path) -> None:
    image, text = encoders(True)
    parts = [nn.DataParallel(image), nn.DataParallel(text)]
    published.save(tmp_path / "a.pth.tar", parts)
    published.save(tmp_path / "b.pth.tar", [image, text])
    one, other = (read_published(str(tmp_path / name))[0] for name in ("a.pth.tar", "b.pth.tar"))
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    assert all(mine.equal(theirs) for mine, theirs in pairs)


class Similarity(nn.Module):
    """The part of SAF and SGR that compares."""

    def __init__(self) -> None:
        super().__init__()
        self.v_global_w = nn.Module()
        local = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(36))
        self.v_global_w.embedding_local = local


@pytest.mark.parametrize(
    ("parts", "options", "message"),
    [
        (
            [ImageEncoder(False), TextEncoder(False), Similarity()],
            {"module_name": "SGR"},
            "v_global_w.embedding_local.1 is a BatchNorm over 36 places",
        ),
        ([ImageEncoder(False)], SCAN_OPTIONS, "it has 1 parts"),
        ([ImageEncoder(False), TextEncoder(False, 1)], SCAN_OPTIONS, "in one direction"),
        (
            [ImageEncoder(False), TextEncoder(False)],
            SCAN_OPTIONS | {"cross_attn": "i2t"},
            "cross_attn is 'i2t', only 't2i'",
        ),
        (
            [ImageEncoder(True), nn.ModuleDict({"bert": nn.Linear(2, 2)})],
            {},
            "no model here has: bert.weight, bert.bias",
        ),
        ([ImageEncoder(False), nn.ModuleDict()], SCAN_OPTIONS, "does not fit scan"),
    ],
)
def test_refuses_by_name_what_does_not_map(
    tmp_path: Path, parts: list[nn.Module], options: dict[str, Any], message: str
) -> None:
    published.save(tmp_path / "model.pth.tar", parts, **options)
    with pytest.raises(UserError, match=message):
        read_published(str(tmp_path / "model.pth.tar"))


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (Path("was run"),))


@pytest.mark.parametrize("content", [{"opt": Harmful()}, {"opt": np.array([Harmful()])}, [1], {}])
def test_no_code_in_a_checkpoint_is_run(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "model.pth.tar")
    with chdir(tmp_path), pytest.raises(UserError, match=r"model\.pth\.tar (cannot be read|is no)"):
        read_published("model.pth.tar")
    assert not (tmp_path / "was run").exists()


def test_options_stay_plain_values(tmp_path: Path) -> None:
    image, text = encoders(True)
    options = Namespace(no_imgnorm=True)
    content = {"model": [image.state_dict(), text.state_dict()], "opt": options}
    torch.save(content, tmp_path / "model.pth.tar")
    with pytest.raises(UserError, match="no_imgnorm is True"):
        read_published(str(tmp_path / "model.pth.tar"))


def test_the_command_prints_and_checks_the_sha256(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    published.save(tmp_path / "model.pth.tar", list(encoders(True)))
    digest = file_hash(tmp_path / "model.pth.tar")
    out = tmp_path / "converted"
    main(["convert", f"{tmp_path / 'model.pth.tar'}#sha256={digest}", "--out", str(out)])
    assert f"sha256 {digest}" in capsys.readouterr().out
    assert MatchingModel.from_pretrained(out).config.member == "vse_infinity"
    assert json.loads((out / "config.json").read_text())["vocabulary"] == published.WORDS
    with pytest.raises(SystemExit, match="exists"):
        main(["convert", str(tmp_path / "model.pth.tar"), "--out", str(out)])
    wrong = f"{tmp_path / 'model.pth.tar'}#sha256={'0' * 64}"
    with pytest.raises(SystemExit, match="expected 000"):
        main(["convert", wrong, "--out", str(tmp_path / "other")])
