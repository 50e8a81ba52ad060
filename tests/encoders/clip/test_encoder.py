"""Both sides of a dual encoder, against the whole model's own forward pass."""

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from huggingface_hub.errors import LocalEntryNotFoundError
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import AutoImageProcessor, AutoModel, AutoTokenizer

from pipeline.encoders.clip.encoder import (
    ClipImageEncoder,
    ClipTextEncoder,
    load_clip,
    write_clip_texts,
)
from pipeline.encoders.rows.cache import RowCache
from pipeline.encoders.rows.encoder import identity
from pipeline.encoders.rows.extract import extract
from pipeline.encoders.transformers import loading as pretrained
from pipeline.errors import UserError
from pipeline.features.store import ClipTextFeatures
from tests.encoders.bert.tiny_bert import save_tiny_bert
from tests.encoders.clip.tiny_clip import KINDS, LIMIT, WIDTH, save_tiny_clip

CPU = torch.device("cpu")
TEXTS = [["a", "dog"], ["a", "red"], ["<url>"], ["cat"], ["red", "cat"]]


class Shown:
    """Stands for an image of the corpus."""

    def __init__(self, number: int, size: tuple[int, int] = (50, 40)) -> None:
        noise = np.random.default_rng(number).integers(0, 256, (5, 5, 3), dtype=np.uint8)
        self.image = Image.fromarray(noise).resize(size)

    def open(self) -> Image.Image:
        return self.image


@pytest.fixture(scope="module", params=KINDS)
def folder(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_tiny_clip(tmp_path_factory.mktemp(request.param), request.param)


def load(folder: Path) -> tuple[ClipImageEncoder, ClipTextEncoder]:
    return load_clip(str(folder), None, "clip.tiny", CPU)


def vector(encoder: Any, source: Any) -> Any:
    (row,) = encoder.encode([encoder.load(source)])
    for field in encoder.fields:
        assert (row[field.name].shape, row[field.name].dtype) == (field.shape, field.dtype)
    return row["vectors"]


def naive_vectors(folder: Path, image: Image.Image, text: str) -> tuple[Any, Any]:
    """The embeddings that the model's own forward pass compares."""
    model = AutoModel.from_pretrained(folder).eval()
    pixels = AutoImageProcessor.from_pretrained(folder, backend="pil")(image, return_tensors="pt")
    ids = AutoTokenizer.from_pretrained(folder)(
        text, padding="max_length", truncation=True, max_length=LIMIT, return_tensors="pt"
    )
    with torch.inference_mode():
        found = model(**pixels, **ids)
    return found.image_embeds[0].numpy(), found.text_embeds[0].numpy()


def test_embeddings_are_those_that_the_model_compares(folder: Path) -> None:
    images, texts = load(folder)
    shown = Shown(0)
    image, text = naive_vectors(folder, shown.open(), "a dog")
    np.testing.assert_allclose(vector(images, shown), image, atol=1e-3)
    np.testing.assert_allclose(vector(texts, ["a", "dog"]), text, atol=1e-3)
    assert np.linalg.norm(image) == pytest.approx(1, abs=1e-5)
    assert np.abs(vector(images, Shown(1)) - vector(images, shown)).max() > 0.01
    assert np.abs(vector(texts, ["a", "cat"]) - vector(texts, ["a", "dog"])).max() > 0.01


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("batch_size", [1, 4])
def test_a_row_has_the_same_bits_alone_and_among_others(
    folder: Path, tmp_path: Path, side: int, batch_size: int
) -> None:
    encoder = load(folder)[side]
    encoder.batch_size = batch_size  # 4 stands for a GPU's
    sources = [(Shown(i), text)[side] for i, text in enumerate(TEXTS)]
    items = [(sha256(bytes([i])).hexdigest(), source) for i, source in enumerate(sources)]

    def rows(place: str, chosen: list[Any]) -> dict[str, bytes]:
        cache = RowCache(tmp_path / place, encoder)
        extract(encoder, chosen, cache)
        keys = [key for key, _ in chosen]
        assert cache.missing(keys) == []
        shards = cache.read(keys)
        return {key: row["vectors"].tobytes() for rows in shards for key, row in rows.items()}

    together = rows("together", items)
    alone = [rows(f"alone{i}", [item]) for i, item in enumerate(items)]
    assert together == {key: row for rows in alone for key, row in rows.items()}
    assert rows("reversed", items[::-1]) == together


def test_a_text_beyond_the_limit_is_cut_and_counted(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ANANET_CACHE", str(tmp_path / "cache"))
    _, encoder = load(folder)
    long = ["red", "dog", "a"] * 7
    texts = {"b" * 64: long, "a" * 64: ["a"], "c" * 64: [*long, "cat"]}
    assert write_clip_texts(tmp_path / "texts.h5", encoder, texts) == 2
    found = ClipTextFeatures.read(tmp_path / "texts.h5")
    assert found.cut.tolist() == [True, False, True]
    assert found.vectors.shape == (3, WIDTH)
    np.testing.assert_array_equal(found.vectors[0], found.vectors[2])
    np.testing.assert_array_equal(found.vectors[1], vector(encoder, ["a"]))


@pytest.mark.parametrize("size", [(1, 1), (3, 60), (60, 3), (1, 40)])
def test_narrow_images_are_no_channels(folder: Path, size: tuple[int, int]) -> None:
    images, _ = load(folder)
    assert np.linalg.norm(vector(images, Shown(0, size)).astype(float)) == pytest.approx(
        1, abs=0.01
    )


def test_the_fingerprint_tells_what_changes_values(tmp_path: Path) -> None:
    one, other = save_tiny_clip(tmp_path / "one"), save_tiny_clip(tmp_path / "other", seed=1)
    same = save_tiny_clip(tmp_path / "renamed")
    assert [identity(side) for side in load(one)] == [identity(side) for side in load(same)]
    settings = same / "preprocessor_config.json"
    settings.write_text(settings.read_text().replace('"do_center_crop": true', '"extra": true'))
    for side in (0, 1):
        assert len({identity(load(folder)[side]) for folder in (one, other, same)}) == 3


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda folder: (folder / "config.json").unlink(), r"no config\.json"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "as the model's tokenizer"),
        (
            lambda folder: (folder / "preprocessor_config.json").unlink(),
            "as the model's image processor",
        ),
        (
            lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
            r"no \.safetensors weights",
        ),
        (
            lambda folder: (folder / "model.safetensors").write_bytes(b"\x08" + 20 * b"\0"),
            "cannot be loaded as a model",
        ),
    ],
)
def test_damaged_folders_are_refused(tmp_path: Path, damage: Any, message: str) -> None:
    folder = save_tiny_clip(tmp_path / "clip")
    damage(folder)
    with pytest.raises(UserError, match=message) as error:
        load(folder)
    assert str(folder) in str(error.value)


def test_weights_that_lack_a_tensor_are_refused(tmp_path: Path) -> None:
    folder = save_tiny_clip(tmp_path)
    weights = load_file(folder / "model.safetensors")
    del weights["visual_projection.weight"]
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"lack 1 tensors, first visual_projection\.weight"):
        load(folder)


def test_a_model_of_texts_alone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="of type bert, which does not embed images and texts"):
        load(save_tiny_bert(tmp_path))


def test_without_network_it_says_what_to_put_where(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, local_files_only: bool, **__: object) -> str:
        if local_files_only:
            raise LocalEntryNotFoundError("not in the cache")
        raise ConnectionError("no route to the hub")

    monkeypatch.setattr(pretrained, "snapshot_download", unreachable)
    with pytest.raises(UserError) as error:
        load_clip("owner/name", "0" * 40, "clip.tiny", CPU)
    for part in (
        "owner/name",
        "no route",
        "*.safetensors, preprocessor_config.json, tokenizer.json",
        "set clip.tiny.model: data/pretrained/clip/name",
    ):
        assert part in str(error.value)
    with pytest.raises(UserError, match=r"clip\.tiny\.revision = 'main': .* 40 hex digits"):
        load_clip("owner/name", "main", "clip.tiny", CPU)
