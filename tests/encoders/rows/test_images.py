import io
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pipeline.encoders.rows.encoder import Field, Row
from pipeline.encoders.rows.images import write_image_features
from pipeline.errors import UserError
from pipeline.images.source import StoredImage


class MeanColour:
    name = "mean-colour"
    fingerprint: dict[str, Any] = {}  # noqa: RUF012
    fields = (Field("colour", (3,), "float32"),)
    batch_size = 1
    revision = 1
    parallel_calls = 1

    def load(self, source: StoredImage) -> Image.Image:
        return source.open()

    def group(self, item: Image.Image) -> None:
        return None

    def encode(self, batch: Sequence[Image.Image]) -> list[Row]:
        return [{"colour": np.asarray(image).mean((0, 1), dtype=np.float32)} for image in batch]


def png(colour: tuple[int, int, int]) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (4, 3), colour).save(buffer, "png")
    return buffer.getvalue()


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two good images, one that cannot be read between them, and one that is not there."""
    monkeypatch.setenv("ANANET_CACHE", str(tmp_path / "cache"))
    images = tmp_path / "images"
    images.mkdir()
    rows = []
    for name, data, status in [
        ("red.png", png((255, 0, 0)), "ok"),
        ("broken.png", png((0, 255, 0))[:40], "unreadable"),
        ("gone.png", b"", "missing"),
        ("blue.png", png((0, 0, 255)), "ok"),
    ]:
        if status != "missing":
            (images / name).write_bytes(data)
        key = sha256(data).hexdigest()
        rows.append({"key": key, "name": name, "status": status, "width": 4, "height": 3})
    pd.DataFrame(rows).to_parquet(tmp_path / "images.parquet", index=False)
    return tmp_path


def write(corpus: Path) -> None:
    write_image_features(
        corpus / "out.h5", MeanColour(), corpus / "images.parquet", corpus / "images"
    )


def test_every_image_has_its_row_and_bad_ones_a_status(corpus: Path) -> None:
    write(corpus)
    with h5py.File(corpus / "out.h5") as file:
        assert file["colour"][...].tolist() == [[255, 0, 0], [0, 0, 0], [0, 0, 0], [0, 0, 255]]
        assert file["status"][...].tolist() == [0, 2, 1, 0]
        keys = pd.read_parquet(corpus / "images.parquet")["key"]
        assert file["keys"][...].tolist() == [key.encode() for key in keys]


def test_a_second_run_opens_no_image(corpus: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(corpus)
    first = (corpus / "out.h5").read_bytes()
    monkeypatch.setattr(StoredImage, "open", lambda self: pytest.fail("opened again"))
    write(corpus)
    assert (corpus / "out.h5").read_bytes() == first


def test_a_image_that_has_changed_since_is_refused(corpus: Path) -> None:
    (corpus / "images" / "blue.png").write_bytes(png((0, 0, 254)))
    with pytest.raises(UserError, match=r"blue.png: its bytes have changed; run .* prepare"):
        write(corpus)
    assert not (corpus / "out.h5").exists()


def test_a_image_that_has_gone_since_is_named(corpus: Path) -> None:
    (corpus / "images" / "red.png").unlink()
    with pytest.raises(UserError, match=r"image red.png: no such file"):
        write(corpus)


def test_without_the_table_the_stage_to_run_is_named(corpus: Path) -> None:
    (corpus / "images.parquet").unlink()
    with pytest.raises(UserError, match=r"images.parquet not found; run the stage prepare"):
        write(corpus)
