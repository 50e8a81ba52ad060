from pathlib import Path

import pytest

from pipeline.sample import write_sample_corpus
from tests.sample.written_corpus import Corpus, read_corpus


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder: Path = tmp_path_factory.mktemp("sample")
    write_sample_corpus(folder, seed=5, train=60, dev=10, test=40)
    return read_corpus(folder)
