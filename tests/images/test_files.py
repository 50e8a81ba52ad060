import os
import struct
import threading
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipeline.errors import UserError
from pipeline.images import files as image_files
from pipeline.images.files import ImageError
from pipeline.images.source import ImageSource
from tests.images.drawn import drawn_image, zip_of


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("../1.png", "leads out of the archive"),
        ("a/../../1.png", "leads out of the archive"),
        ("..\\1.png", "leads out of the archive"),
        ("/1.png", "is an absolute path"),
        ("\\\\server\\share\\1.png", "is an absolute path"),
        ("C:\\1.png", "is an absolute path"),
        ("./.", "has no name"),
    ],
)
def test_members_outside_the_archive_are_refused(tmp_path: Path, name: str, reason: str) -> None:
    path = zip_of(tmp_path / "image.zip", {name: drawn_image(), "ok.png": drawn_image()})

    with pytest.raises(UserError, match=reason) as error:
        ImageSource.open(path)
    assert str(path) in str(error.value)
    assert "(1)" in str(error.value)


def read_all(path: Path) -> list[bytes]:
    with ImageSource.open(path) as source:
        return [source.read(name).data for name in source.names()]


def change_entry(data: bytes, offset: int, values: bytes) -> bytes:
    """Change the first entry of an archive's directory."""
    place = data.index(b"PK\1\2") + offset
    return data[:place] + values + data[place + len(values) :]


@pytest.mark.parametrize(
    ("offset", "values"),
    [
        pytest.param(6, b"\xff\xff", id="of a later version"),
        pytest.param(8, b"\0\x08", id="whose name is said to be UTF-8"),
        pytest.param(28, b"\0\0\0\0\6\0", id="without a name"),
        pytest.param(30, b"\xff\xff", id="with more extra fields than bytes"),
        pytest.param(42, b"\xff\xff\xff\xff", id="beyond the end"),
    ],
)
def test_an_archive_with_a_damaged_entry_is_refused(
    tmp_path: Path, offset: int, values: bytes
) -> None:
    path = zip_of(tmp_path / "image.zip", {"é.png": b"x"})
    data = path.read_bytes().replace("é.png".encode(), b"\xe9\xe9.png")
    path.write_bytes(change_entry(data, offset, values))

    with pytest.raises((UserError, ImageError)):
        read_all(path)


def test_links_in_an_archive_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("1.png")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "image.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(UserError, match=r"'1\.png': is a link"):
        ImageSource.open(tmp_path / "image.zip")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "image.zip", "w") as archive:
        archive.writestr("1.png", drawn_image(1))
        archive.writestr("1.png", drawn_image(2))

    with pytest.raises(UserError, match=r"'1\.png': is there twice"):
        ImageSource.open(tmp_path / "image.zip")


def test_backslashes_of_windows_part_folders(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "image.zip", {"image\\1.png": drawn_image()})

    with ImageSource.open(path) as source:
        assert source.names() == ["image/1.png"]
        assert source.read("image/1.png").data == drawn_image()


def test_a_dot_before_a_path_means_nothing(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "image.zip", {"./image/./1.png": drawn_image()})

    with ImageSource.open(path) as source:
        assert source.read("image/1.png").data == drawn_image()


def test_encrypted_members_are_refused(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "image.zip", {"1.png": drawn_image()})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)

    with pytest.raises(UserError, match="is encrypted"):
        ImageSource.open(path)


def test_only_ten_refused_members_are_shown(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "image.zip", {f"../{n}.png": drawn_image() for n in range(25)})

    with pytest.raises(UserError, match=r"\(25\)") as error:
        ImageSource.open(path)
    assert "../9.png" in str(error.value)
    assert "../10.png" not in str(error.value)
    assert "15 more" in str(error.value)


def _damage(data: bytearray) -> None:
    data[data.index(b"IHDR") + 6] ^= 0xFF


def _claim_other_size(data: bytearray) -> None:
    entry = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, entry + 24, 10)


def _unknown_compression(data: bytearray) -> None:
    for signature, offset in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        struct.pack_into("<H", data, data.index(signature) + offset, 99)


@pytest.mark.parametrize("harm", [_damage, _claim_other_size, _unknown_compression])
def test_damaged_members_have_a_reason_and_leave_the_others_alone(
    tmp_path: Path, harm: Callable[[bytearray], None]
) -> None:
    path = zip_of(tmp_path / "image.zip", {"1.png": drawn_image(1), "2.png": drawn_image(2)})
    data = bytearray(path.read_bytes())
    harm(data)
    path.write_bytes(data)

    with ImageSource.open(path) as source:
        with pytest.raises(ImageError, match="cannot be unpacked"):
            source.read("1.png")
        assert source.read("2.png").data == drawn_image(2)


def test_files_over_the_limit_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_files, "MAX_BYTES", 1000)
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "big").write_bytes(bytes(1001))
    (folder / "fits").write_bytes(bytes(1000))
    with zipfile.ZipFile(tmp_path / "image.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / "big", "big")
        archive.write(folder / "fits", "fits")

    for path in (folder, tmp_path / "image.zip"):
        with ImageSource.open(path) as source:
            assert len(source.read("fits").data) == 1000
            with pytest.raises(ImageError, match="1001 bytes are more than 1000"):
                source.read("big")


@pytest.mark.parametrize("data", [b"", b"Rar!\x1a\x07\x00", b"PK\x03\x04" + bytes(100)])
def test_what_is_no_zip_archive_says_so(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "image.zip"
    path.write_bytes(data)

    with pytest.raises(UserError, match=r"image\.zip cannot be read as a zip archive"):
        ImageSource.open(path)


def test_a_truncated_archive_says_so(tmp_path: Path) -> None:
    path = zip_of(tmp_path / "image.zip", {"1.png": drawn_image()})
    path.write_bytes(path.read_bytes()[:-30])

    with pytest.raises(UserError, match="cannot be read as a zip archive"):
        ImageSource.open(path)


def test_nothing_there_names_the_parameter(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"pics: no such archive or folder .*corpus\.images"):
        ImageSource.open(tmp_path / "pics")


def test_links_that_leave_a_folder_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    (tmp_path / "secret").write_bytes(b"secret")
    (folder / "1.png").write_bytes(drawn_image())
    (folder / "out").symlink_to(tmp_path / "secret")
    (folder / "in").symlink_to("1.png")
    (folder / "nowhere").symlink_to("missing")
    (folder / "loop").symlink_to("loop")
    (folder / "up").symlink_to(tmp_path)
    os.mkfifo(folder / "pipe")

    with ImageSource.open(folder) as source:
        assert source.read("in").data == drawn_image()
        for name in ("out", "nowhere", "loop", "pipe", "up/secret"):
            with pytest.raises(ImageError):
                source.read(name)


def test_many_threads_may_read_at_once(tmp_path: Path) -> None:
    files = {f"{n}.png": drawn_image(n, (n + 1, 50)) for n in range(60)}
    path = zip_of(tmp_path / "image.zip", files)
    start = threading.Barrier(8)

    def read_all(source: ImageSource) -> dict[str, bytes]:
        start.wait()
        return {name: source.read(name).data for name in source.names()}

    with ImageSource.open(path) as source, ThreadPoolExecutor(8) as pool:
        assert all(found == files for found in pool.map(read_all, [source] * 8))
