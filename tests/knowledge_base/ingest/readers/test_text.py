from __future__ import annotations

from pathlib import Path

import pytest

from knowledge_base.ingest.readers.text import _CHUNK_BYTES, open_text
from knowledge_base.ingest.row import RowError, UnreadableError


def refused(path: Path, content: bytes) -> RowError:
    path.write_bytes(content)
    with pytest.raises(UnreadableError) as caught:
        open_text(path).close()
    assert caught.value.remedy or "ends inside" in caught.value.message
    return caught.value.error


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_utf8_is_read_with_and_without_a_byte_order_mark(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(mark + "Słubice\r\nChóśebuz".encode())
    with open_text(path) as stream:
        assert stream.read() == "Słubice\nChóśebuz"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_files_in_utf_16_or_utf_32_are_refused_with_a_hint(tmp_path: Path, encoding: str) -> None:
    error = refused(tmp_path / "x", "id,title\np1,Straße".encode(encoding))
    assert "UTF-16" in error.reason or "UTF-32" in error.reason
    assert "UTF-8" in error.remedy


def test_latin_1_is_refused_with_byte_line_and_remedy(tmp_path: Path) -> None:
    error = refused(tmp_path / "x", b"id\n1\nStra\xdfe\n")
    assert (error.line, "Byte 9" in error.reason, "0xdf" in error.reason) == (3, True, True)
    assert "Windows-1252" in error.reason
    assert "iconv" in error.remedy


def test_error_far_into_a_file_names_the_right_byte_and_line(tmp_path: Path) -> None:
    head = b"ab\n" * (_CHUNK_BYTES // 3) + b"\xc3"  # the first chunk ends with half a character
    error = refused(tmp_path / "x", head + b"\xa4\nxx\xff")
    assert (error.line, f"Byte {len(head) + 4} " in error.reason) == (_CHUNK_BYTES // 3 + 2, True)


def test_error_names_the_byte_of_a_character_broken_between_chunks(tmp_path: Path) -> None:
    head = b"a" * (_CHUNK_BYTES - 1) + b"\xc3"
    assert f"Byte {_CHUNK_BYTES - 1} " in refused(tmp_path / "x", head + b"\nx").reason


def test_error_names_the_line_of_a_nul_byte(tmp_path: Path) -> None:
    error = refused(tmp_path / "x", b"a\nb\nc\0d")
    assert (error.line, "NUL" in error.reason) == (3, True)


def test_file_that_ends_inside_a_character_is_refused(tmp_path: Path) -> None:
    assert "ends inside a character (byte 2)" in refused(tmp_path / "x", b"ab\xc3").reason
