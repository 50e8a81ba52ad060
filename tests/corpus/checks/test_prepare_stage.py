"""The stage as DVC runs it: from the project's root, with a params.yaml, to files."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from ruamel.yaml import YAML

from pipeline import paths
from pipeline.params.project import CorpusParams
from tests.corpus.small_corpus import HEADER

PROJECT = Path(__file__).parents[3]
OUTPUTS = (paths.PAIRS, paths.IMAGES, paths.TEXTS, paths.CORPUS_REPORT)
Corpus = Callable[..., CorpusParams]


def run_prepare(root: Path, corpus: CorpusParams) -> subprocess.CompletedProcess[str]:
    params = YAML(typ="safe").load((PROJECT / "params.yaml").read_text(encoding="utf-8"))
    params["corpus"] = corpus.model_dump()
    params["prepare"] |= {"tokenizer": "glove_ruby", "max_words": 100, "max_bad_images": 0}
    YAML(typ="safe").dump(params, root / "params.yaml")
    return subprocess.run(
        [sys.executable, "-m", "stages.prepare"],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_writes_the_same_bytes_each_time(corpus: Corpus, tmp_path: Path) -> None:
    params = corpus(train=f'{HEADER}a,0.png,"NA\nnull, ""x"" 😂",explicit\n')

    first = run_prepare(tmp_path, params)
    assert (first.returncode, first.stdout) == (0, "")
    written = [(tmp_path / path).read_bytes() for path in OUTPUTS]
    assert run_prepare(tmp_path, params).returncode == 0

    assert [(tmp_path / path).read_bytes() for path in OUTPUTS] == written
    words = pd.read_parquet(tmp_path / paths.TEXTS)["words"].iloc[0].tolist()
    assert words == ["na", "null", ",", '"', "x", '"', "😂"]
    assert json.loads(written[3])["pairs"]["train"]["total"] == 1
    assert not [path for path in (tmp_path / "data").rglob("*") if path.name.endswith(".tmp")]


def test_a_fault_is_one_message_and_keeps_what_was_there(corpus: Corpus, tmp_path: Path) -> None:
    run_prepare(tmp_path, corpus())
    before = [(tmp_path / path).read_bytes() for path in OUTPUTS]

    failed = run_prepare(tmp_path, corpus(train=f"{HEADER}a,0.png,x,explicti\n"))

    assert failed.returncode == 1
    assert failed.stderr.startswith("error: unknown labels; allowed: irrelevant, implicit")
    assert "train_data.csv line 2: 'explicti'" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert [(tmp_path / path).read_bytes() for path in OUTPUTS] == before


@pytest.mark.parametrize("images", ["images", "images.zip"])
def test_missing_images_show_what_there_is(corpus: Corpus, tmp_path: Path, images: str) -> None:
    failed = run_prepare(tmp_path, corpus(params={"images": images}))

    assert failed.returncode == 1
    assert f"{images}: no such archive or folder of images (corpus.images)" in failed.stderr
    assert "image.zip" in failed.stderr
