"""A model's folder may bring Python code of its own: it never runs, and nobody is asked."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from pipeline.encoders.bert.encoder import BertEncoder
from pipeline.encoders.bert.tokenizer import load_tokenizer
from pipeline.encoders.clip.encoder import load_clip
from pipeline.errors import UserError
from tests.encoders.bert.tiny_bert import save_tiny_bert
from tests.encoders.clip.tiny_clip import save_tiny_clip

CPU = torch.device("cpu")
# What a folder's settings say of its code, and kinds that only this code would know.
CODE = {
    "AutoConfig": "modeling_x.X",
    "AutoModel": "modeling_x.X",
    "AutoImageProcessor": "modeling_x.X",
    "AutoTokenizer": ["modeling_x.X", None],
}
FOREIGN = {"model_type": "x", "tokenizer_class": "X", "image_processor_type": "X"}


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """A file that a folder's own code would write."""
    return tmp_path / "canary"


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """Somebody who answers yes to every question."""
    answers = io.StringIO("y\n" * 20)
    monkeypatch.setattr("sys.stdin", answers)
    return answers


def bring_code(folder: Path, canary: Path, *names: str, **changes: str) -> None:
    """Let files of settings name Python code beside them."""
    (folder / "modeling_x.py").write_text(
        f"from pathlib import Path\nPath({str(canary)!r}).touch()\nclass X: pass\n"
    )
    for name in names:
        settings = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**settings, "auto_map": CODE, **changes}))


def load_bert_model(folder: Path, canary: Path) -> None:
    bring_code(save_tiny_bert(folder), canary, "config.json", **FOREIGN)
    BertEncoder(folder, -1, "mean", CPU)


def load_bert_tokenizer(folder: Path, canary: Path) -> None:
    files = ("config.json", "tokenizer_config.json")
    bring_code(save_tiny_bert(folder), canary, *files, **FOREIGN)
    load_tokenizer(folder)


def load_clip_model(folder: Path, canary: Path) -> None:
    bring_code(save_tiny_clip(folder), canary, "config.json", **FOREIGN)
    load_clip(str(folder), None, "clip", CPU)


def load_image_processor(folder: Path, canary: Path) -> None:
    bring_code(save_tiny_clip(folder), canary, "preprocessor_config.json", **FOREIGN)
    load_clip(str(folder), None, "clip", CPU)


@pytest.mark.parametrize(
    "load", [load_bert_model, load_bert_tokenizer, load_clip_model, load_image_processor]
)
def test_what_needs_code_of_its_own_is_refused(
    load: Callable[[Path, Path], None], tmp_path: Path, canary: Path, stdin: io.StringIO
) -> None:
    folder = tmp_path / "model"
    with pytest.raises(UserError) as error:
        load(folder, canary)
    assert re.fullmatch(
        f"{folder} cannot be loaded as .*: it needs Python code of its own, which is never run;"
        " allowed: what transformers .* knows",
        str(error.value),
    )
    assert not canary.exists()
    assert stdin.tell() == 0


def test_code_that_transformers_can_do_without_is_left_alone(
    tmp_path: Path, canary: Path, stdin: io.StringIO
) -> None:
    bert, clip = save_tiny_bert(tmp_path / "bert"), save_tiny_clip(tmp_path / "clip")
    bring_code(bert, canary, "config.json", "tokenizer_config.json")
    bring_code(clip, canary, "config.json", "tokenizer_config.json", "preprocessor_config.json")
    assert BertEncoder(bert, -1, "mean", CPU).load(["a", "dog"]).words == 2
    images, _ = load_clip(str(clip), None, "clip", CPU)
    assert images.name == "clip-images"
    assert not canary.exists()
    assert stdin.tell() == 0
