from collections.abc import Callable
from importlib import import_module
from typing import get_args

import pytest

from pipeline.corpus.layouts.registry import read_layout
from pipeline.errors import UserError
from pipeline.params.project import CorpusParams

Corpus = Callable[..., CorpusParams]


def test_the_named_layout_is_read(corpus: Corpus) -> None:
    assert [pair.split for pair in read_layout(corpus())] == ["train", "dev", "test"]

    with pytest.raises(UserError, match=r"train_split_0\.json"):
        read_layout(corpus(params={"layout": "mdid"}))


def test_every_layout_has_its_module(corpus: Corpus) -> None:
    for layout in get_args(CorpusParams.model_fields["layout"].annotation):
        assert callable(import_module(f"pipeline.corpus.layouts.{layout}").read)
