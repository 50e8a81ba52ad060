from pathlib import Path

import pytest

from pipeline.core.text_files import read_text
from pipeline.errors import UserError

CHINESE = "一,微博\n二,你好世界\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (CHINESE.encode(), "utf-8-sig"),
        (b"\xef\xbb\xbf" + CHINESE.encode(), "utf-8-sig"),
        (b"\xef\xbb\xbf" + CHINESE.encode(), "utf-8"),
        (CHINESE.encode("gbk"), "gbk"),
        (CHINESE.encode("utf-16"), "utf-16"),
    ],
)
def test_a_byte_order_mark_is_no_text(tmp_path: Path, data: bytes, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(data)

    assert read_text(tmp_path / "a.csv", encoding) == CHINESE


def test_line_ends_stay_as_they_are(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"a\r\nb\rc\n")

    assert read_text(tmp_path / "a.csv", "utf-8-sig") == "a\r\nb\rc\n"


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_wrong_byte_is_named_by_line_and_offset(
    tmp_path: Path, mark: bytes, encoding: str
) -> None:
    (tmp_path / "a.csv").write_bytes(mark + b"id,text\n1,fine\n2,caf\xe9\n")

    with pytest.raises(UserError) as error:
        read_text(tmp_path / "a.csv", encoding)
    message = str(error.value)
    assert f"a.csv, line 3 (byte {len(mark) + 20})" in message
    assert "0xe9" in message
    assert "cp1252" in message


def test_gbk_is_recognised(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(CHINESE.encode("gbk"))

    with pytest.raises(UserError, match=r"line 1 .*gb18030.*corpus\.encoding"):
        read_text(tmp_path / "a.csv", "utf-8-sig")


@pytest.mark.parametrize(
    ("data", "place"),
    [(b"id,text\n1,a\0b\n", r"line 2 \(byte 11\)"), (CHINESE.encode("utf-16"), "line 1")],
)
def test_nul_bytes_are_refused(tmp_path: Path, data: bytes, place: str) -> None:
    (tmp_path / "a.csv").write_bytes(data)

    with pytest.raises(UserError, match=rf"{place}.*NUL byte.*utf-16"):
        read_text(tmp_path / "a.csv", "utf-8-sig")


@pytest.mark.parametrize("encoding", ["utf-9", "hex"])
def test_what_is_no_text_encoding_is_named(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes(b"id\n")

    with pytest.raises(UserError, match=rf"corpus\.encoding = '{encoding}'"):
        read_text(tmp_path / "a.csv", encoding)


def test_a_missing_file_shows_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "training.csv").touch()

    with pytest.raises(UserError, match=r"train_data\.csv: no such file.*training\.csv"):
        read_text(tmp_path / "train_data.csv", "utf-8-sig")


def test_a_missing_folder_names_the_parameter(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no such file.*corpus\.path"):
        read_text(tmp_path / "nowhere" / "train_data.csv", "utf-8-sig")
