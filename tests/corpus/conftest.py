from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from pipeline.params.project import CorpusParams
from tests.corpus.small_corpus import HEADER, corpus_params
from tests.images.drawn import drawn_image, zip_of


@pytest.fixture
def corpus(tmp_path: Path) -> Callable[..., CorpusParams]:
    """Writes a corpus of one pair per split; a table given by name replaces that of its split."""

    def write(
        images: Mapping[str, bytes] | None = None,
        params: Mapping[str, Any] | None = None,
        **tables: str | bytes,
    ) -> CorpusParams:
        for number, split in enumerate(("train", "dev", "test")):
            table = tables.get(split, f"{HEADER}{split}-1,{number}.png,a {split} text,explicit\n")
            data = table if isinstance(table, bytes) else table.encode()
            (tmp_path / f"{split}_data.csv").write_bytes(data)
        zip_of(tmp_path / "image.zip", images or {f"{n}.png": drawn_image(n) for n in range(3)})
        return corpus_params(tmp_path, **(params or {}))

    return write
