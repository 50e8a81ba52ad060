"""Whatever happens to an archive or a folder of images, what is read lies in it."""

import io
import zipfile
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import UserError
from pipeline.images.files import MAX_BYTES, ImageError
from pipeline.images.source import ImageSource
from tests.fuzz.damage import BYTES
from tests.fuzz.examples import few, outcome
from tests.fuzz.places import PLACES
from tests.images.drawn import drawn_image

MEMBERS = {"1.png": drawn_image(1), "a/2.png": drawn_image(2), "é/😀.jpg": drawn_image(3)}


def packed(**options: object) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        archive.comment = b"images"
        for name, data in MEMBERS.items():
            archive.writestr(name, data)
    return buffer.getvalue()


ARCHIVES = [packed(), *(packed(compression=method) for method in (8, 12, 14))]


def read_all(path: Path) -> dict[str, bytes] | None:
    """What can be read, by name; None for a source that was refused."""
    source = outcome(lambda: ImageSource.open(path), UserError)
    if source is None:
        return None
    with source:
        assert source.names() == sorted(set(source.names()))
        assert not any(name.startswith("/") or ".." in name.split("/") for name in source.names())
        read = {name: outcome(partial(source.read, name), ImageError) for name in source.names()}
    found = {name: image.data for name, image in read.items() if image}
    assert all(0 < len(data) <= MAX_BYTES for data in found.values())
    return found


@pytest.mark.parametrize("archive", ARCHIVES, ids=["stored", "deflate", "bzip2", "lzma"])
def test_an_undamaged_one_is_read_whole(tmp_path: Path, archive: bytes) -> None:
    path = tmp_path / "images.zip"
    path.write_bytes(archive)
    assert read_all(path) == MEMBERS


@pytest.mark.parametrize("kind", BYTES)
@few
@given(data=st.data())
def test_a_damaged_archive_is_read_or_refused(
    kind: str, data: st.DataObject, tmp_path: Path
) -> None:
    path = tmp_path / "images.zip"
    path.write_bytes(BYTES[kind](data.draw(st.sampled_from(ARCHIVES)), data.draw))
    for content in (read_all(path) or {}).values():
        # The checksums of the members hold, whatever their names have become.
        assert content in MEMBERS.values()


NAMES = st.text(st.sampled_from("ab12./\\:~$%*?<>|\0\n\x1b é\ud83d\u202e"), min_size=1)


@few
@given(names=st.lists(NAMES, min_size=1, max_size=4, unique=True))
def test_no_name_of_a_member_leads_out(names: list[str], tmp_path: Path) -> None:
    path = tmp_path / "images.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            member = zipfile.ZipInfo()
            member.filename = name.encode("utf-8", "replace").decode()
            archive.writestr(member, MEMBERS["1.png"])
    read_all(path)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", ["images.zip", "images"])
def test_another_thing_in_the_place_of_a_source(tmp_path: Path, name: str, place: str) -> None:
    PLACES[place](tmp_path / name)
    assert not read_all(tmp_path / name)


@pytest.mark.parametrize("place", PLACES)
def test_another_thing_among_the_images_of_a_folder(tmp_path: Path, place: str) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "1.png").write_bytes(MEMBERS["1.png"])
    PLACES[place](folder / "2.png")
    assert read_all(folder) == {"1.png": MEMBERS["1.png"]}
