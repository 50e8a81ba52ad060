import io
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from pipeline.encoders.regions.choice import load_corpus_regions, load_region_encoder
from pipeline.encoders.regions.precomputed.encoder import PrecomputedEncoder
from pipeline.encoders.rows.encoder import identity
from pipeline.encoders.rows.images import ImageEntry, readable_images, write_image_features
from pipeline.errors import UserError
from pipeline.features.store import RegionFeatures
from pipeline.images.source import ImageSource, StoredImage
from pipeline.params.project import RegionParams
from tests.encoders.regions.precomputed.drawn import WIDTH, regions, write_arrays, write_tsv

COUNT = 4
SIZES = {"a.png": (40, 30), "b.png": (20, 10), "c.png": (30, 40)}  # width, height


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three images of different shapes, and one that is not there."""
    monkeypatch.setenv("ANANET_CACHE", str(tmp_path / "cache"))
    (tmp_path / "images").mkdir()
    gone = {"key": sha256(b"").hexdigest(), "name": "gone.png", "status": "missing"}
    rows: list[dict[str, Any]] = [gone | {"width": 0, "height": 0}]
    for name, size in SIZES.items():
        buffer = io.BytesIO()
        Image.new("RGB", size, (len(rows), 0, 0)).save(buffer, "png")
        (tmp_path / "images" / name).write_bytes(buffer.getvalue())
        key = sha256(buffer.getvalue()).hexdigest()
        width, height = size
        row = {"key": key, "name": name, "status": "ok", "width": width, "height": height}
        rows.append(row)
    pd.DataFrame(rows).to_parquet(tmp_path / "images.parquet", index=False)
    return tmp_path


def encoder(corpus: Path, path: Path) -> PrecomputedEncoder:
    return PrecomputedEncoder(path, readable_images(corpus / "images.parquet"), COUNT)


def write(corpus: Path, encoder: PrecomputedEncoder) -> RegionFeatures:
    attrs = {"class_names": '["__background__", "region"]'}
    out = corpus / "regions.h5"
    write_image_features(out, encoder, corpus / "images.parquet", corpus / "images", attrs)
    return RegionFeatures.read(out)


def fitting() -> dict[str, Any]:
    """Regions of the three images."""
    return {name[0]: regions(i, size=size[::-1]) for i, (name, size) in enumerate(SIZES.items())}


def test_rows_follow_ids_whatever_the_file_s_order(corpus: Path) -> None:
    # b was extracted from a copy of twice its size.
    rows = {
        "c": regions(3, size=(40, 30)),
        "b": regions(2, count=9, size=(20, 40)),
        "a": regions(1, size=(30, 40)),
        "x": regions(4),
    }
    found = write(corpus, encoder(corpus, write_tsv(corpus / "r.tsv", rows)))
    assert found.status.tolist() == [1, 0, 0, 0]
    assert found.mask.sum(axis=1).tolist() == [0, 3, 4, 3]
    assert found.size.tolist() == [[0, 0], [30, 40], [10, 20], [40, 30]]
    for row, id in enumerate("abc", start=1):
        kept = int(found.mask[row].sum())
        assert not found.mask[row, kept:].any()
        np.testing.assert_array_equal(
            found.features[row, :kept], rows[id].features[:kept].astype(np.float16)
        )
        scale = 0.5 if id == "b" else 1
        np.testing.assert_allclose(
            found.boxes[row, :kept], np.asarray(rows[id].boxes)[:kept] * scale, rtol=1e-6
        )
        assert (np.diff(found.scores[row, :kept]) < 0).all()


def test_another_order_of_the_file_gives_the_same_rows(corpus: Path) -> None:
    features = np.random.default_rng(0).random((3, COUNT, WIDTH)).astype(np.float32)
    one = write_arrays(corpus / "one", "all", ["a", "b", "c"], features)
    first = write(corpus, encoder(corpus, one))
    two = write_arrays(corpus / "two", "all", ["c", "a", "b"], features[[2, 0, 1]])
    second = write(corpus, encoder(corpus, two))
    np.testing.assert_array_equal(first.features, second.features)
    assert not first.boxes.any()


def test_a_image_that_gets_another_id_gets_another_row(corpus: Path) -> None:
    features = np.random.default_rng(0).random((3, COUNT, WIDTH)).astype(np.float32)
    path = write_arrays(corpus / "one", "all", ["a", "b", "c"], features)
    write(corpus, encoder(corpus, path))
    (path / "images.csv").write_text("id,image\nb,a.png\na,b.png\nc,c.png\n")
    found = write(corpus, encoder(corpus, path))
    np.testing.assert_array_equal(found.features[1:], features[[1, 0, 2]].astype(np.float16))


def test_the_check_counts_what_is_there(corpus: Path) -> None:
    rows = fitting() | {"b": regions(1, count=9, size=(10, 20)), "x": regions(1)}
    report = str(encoder(corpus, write_tsv(corpus / "r.tsv", rows)).check)
    assert report.splitlines() == [
        f"{corpus}/r.tsv: bottom-up-attention TSV, 4 ids, {WIDTH} values per region",
        "images with regions: 3",
        "  with fewer than 4 (the rest is masked): 2",
        "  with more than 4 (the first ones are taken): 1",
        "  without boxes: 0",
        "ids that no image has: 1, first x",
    ]


def test_the_check_names_every_fault_of_ten(corpus: Path) -> None:
    rows = fitting() | {"b": regions(1, size=(20, 10))}
    np.asarray(rows["c"].features)[0, 0] = np.nan
    path = write_tsv(corpus / "r.tsv", rows)
    known = readable_images(corpus / "images.parquet")
    more = [ImageEntry(f"{i}", f"p{i}.png", (1, 1)) for i in range(12)]
    with pytest.raises(UserError) as raised:
        PrecomputedEncoder(path, [*known, *more], COUNT)
    lines = str(raised.value).splitlines()
    assert "images without regions (12):" in lines
    assert "  p0.png: no such id" in lines
    assert "  ... and 2 more" in lines
    assert "images whose regions cannot be used (2):" in lines
    (shape,) = (line for line in lines if line.startswith("  b.png"))
    assert "it is 20 x 10, but its regions are of an image of 10 x 20" in shape
    (nan,) = (line for line in lines if line.startswith("  c.png"))
    assert "r.tsv, id c: features must be finite numbers" in nan


@pytest.mark.parametrize("box", [[0, 0, 60, 20], [-9, 0, 10, 10]])
def test_boxes_outside_their_image_are_refused(corpus: Path, box: list[float]) -> None:
    rows = fitting()
    np.asarray(rows["a"].boxes)[0] = box
    with pytest.raises(UserError, match=r"a\.png: boxes exceed the image of 40 x 30"):
        encoder(corpus, write_tsv(corpus / "r.tsv", rows))


def test_a_image_it_was_not_asked_for_is_refused(corpus: Path) -> None:
    found = encoder(corpus, write_tsv(corpus / "r.tsv", fitting()))
    with ImageSource.open(corpus / "images") as source, pytest.raises(UserError, match=r"new\.png"):
        found.load(StoredImage(source, "new.png", "ab"))


def test_params_lead_to_it_for_a_corpus_only(corpus: Path) -> None:
    path = write_tsv(corpus / "r.tsv", fitting())
    given = {
        "count": COUNT,
        "input": "native",
        "select": "top_conf",
        "compile_trunk": False,
        "device": "cpu",
    }
    params = RegionParams(detector="precomputed", weights=str(path), **given)
    images = readable_images(corpus / "images.parquet")
    found = load_corpus_regions(params, torch.device("cpu"), images)
    assert identity(found) == identity(encoder(corpus, path))
    with pytest.raises(UserError, match="has regions of the corpus' images only"):
        load_region_encoder(params, torch.device("cpu"))
    with pytest.raises(ValueError, match="weights must be the file or folder"):
        RegionParams(detector="precomputed", weights=None, **given)
