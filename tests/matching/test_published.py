"""Checkpoints of published code: the same similarities where layers map, a refusal where not."""

import json
from argparse import Namespace
from collections.abc import Iterator
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML
from torch import nn

from pipeline.__main__ import main
from pipeline.errors import UserError
from pipeline.files import file_hash
from pipeline.matching.published import read_published
from pipeline.metrics.ranking import retrieval_metrics
from pipeline.models.matching.model import MatchingModel
from stages.matching import pairs
from stages.matching.sources import precomp
from tests.matching import published_models as published
from tests.matching.published_models import ImageEncoder, TextEncoder
from tests.tiny import ROOT

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


WORDS = ["<pad>", "<start>", "<end>", "<unk>", "a", "dog", "cat", "runs", "sleeps", "."]


@pytest.fixture
def captions(tmp_path: Path) -> Iterator[Path]:
    """A project whose stages have read a precomputed folder and a vocabulary of ten words."""
    params = YAML().load(ROOT / "stages/matching/params.yaml")
    vocabulary = Path("data/pretrained/matching/vocab.json")
    params["corpus"].update(kind="precomp", folder="data/own", vocabulary=str(vocabulary))
    with chdir(tmp_path):
        for folder in ("stages/matching", "data/own", str(vocabulary.parent)):
            Path(folder).mkdir(parents=True)
        YAML().dump(params, Path("stages/matching/params.yaml"))
        vocabulary.write_text(json.dumps({"word2idx": {word: i for i, word in enumerate(WORDS)}}))
        rng = np.random.default_rng(0)
        for split in ("train", "dev", "test"):
            regions = rng.normal(size=(4, 6, published.REGIONS)).astype(np.float32)
            np.save(f"data/own/{split}_ims.npy", regions)
            texts = ["A dog runs.", "A cat runs.", "A dog sleeps.", "A cat sleeps."]
            Path(f"data/own/{split}_caps.txt").write_text("\n".join(texts))
        for stage in (precomp, pairs):
            stage.main()
        yield Path("data/matching/pairs")


def test_measures_what_the_published_similarities_give(
    captions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image, text = encoders(True)
    published.save(Path("model.pth.tar"), [image, text])
    capsys.readouterr()
    main(["convert", "model.pth.tar", "--out", "converted", "--captions", str(captions)])
    printed = capsys.readouterr().out
    found = json.loads(printed[printed.index("{") :])
    regions = torch.from_numpy(np.load("data/own/test_ims.npy"))
    texts = [["a", one, does, "."] for does in ("runs", "sleeps") for one in ("dog", "cat")]
    numbers = [torch.tensor([1, *map(WORDS.index, words), 2]) for words in texts]
    similarity = [[published.vse_infinity(image, text, v, t) for t in numbers] for v in regions]
    expected = retrieval_metrics(np.array(similarity, np.float32), np.arange(4))
    assert found == pytest.approx(expected)


def test_another_vocabulary_is_refused(captions: Path) -> None:
    image, text = encoders(True)
    text.embed = published.trained(nn.Embedding(12, published.WORD_WIDTH))
    published.save(Path("model.pth.tar"), [image, text])
    with pytest.raises(SystemExit, match="a vocabulary of 11 words, the model one of 12"):
        main(["convert", "model.pth.tar", "--out", "converted", "--captions", str(captions)])


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
