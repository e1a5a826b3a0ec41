"""Text files: UTF-8 with or without a byte order mark, checked before anything is read from them."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import TextIO

from knowledge_base.ingest import encodings
from knowledge_base.ingest.files import checked, explained
from knowledge_base.ingest.row import UnreadableError

_CHUNK_BYTES = 1024**2
_FOREIGN_MARKS = {  # the longer marks first: the UTF-32 mark begins with the UTF-16 one
    codecs.BOM_UTF32_LE: "UTF-32",
    codecs.BOM_UTF32_BE: "UTF-32",
    codecs.BOM_UTF16_LE: "UTF-16",
    codecs.BOM_UTF16_BE: "UTF-16",
}
_REMEDY = 'Save it as UTF-8 (in a spreadsheet: "CSV UTF-8"; or: iconv -f {encoding} -t UTF-8).'


def open_text(path: Path, *, newline: str | None = None, encoding: str = "") -> TextIO:
    """Open ``path`` as text in UTF-8, or in ``encoding`` if it names one.

    The whole file is scanned first, in chunks, so a wrong encoding is reported with its byte and line before any row is
    read. ``newline`` is that of ``open``.

    Errors: ``UnreadableError``.
    """
    try:
        if encoding:
            encodings.scan(checked(path), encoding)
            return path.open(encoding=encoding, newline=newline)
        _scan(checked(path))
        return path.open(encoding="utf-8-sig", newline=newline)
    except OSError as error:
        raise explained(path, error) from error


def _scan(path: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    offset, line = 0, 1
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if offset == 0:
                _refuse_foreign_mark(path, chunk)
            if (nul := chunk.find(b"\0")) >= 0:
                reason = (
                    f"Byte {offset + nul} is a NUL character: the file is not UTF-8 text "
                    "(UTF-16, perhaps, or no text at all)."
                )
                remedy = _REMEDY.format(encoding="UTF-16")
                raise UnreadableError(path, reason, line=line + chunk.count(b"\n", 0, nul), remedy=remedy)
            pending = len(decoder.getstate()[0])
            try:
                decoder.decode(chunk)
            except UnicodeDecodeError as error:
                raise _not_utf8(path, line, offset - pending, error) from error
            offset, line = offset + len(chunk), line + chunk.count(b"\n")
    if rest := decoder.getstate()[0]:
        raise UnreadableError(path, f"The file ends inside a character (byte {offset - len(rest)}).", line=line)


def _refuse_foreign_mark(path: Path, head: bytes) -> None:
    for mark, encoding in _FOREIGN_MARKS.items():
        if head.startswith(mark):
            raise UnreadableError(path, f"The file is {encoding}, not UTF-8.", remedy=_REMEDY.format(encoding=encoding))


def _not_utf8(path: Path, line: int, offset: int, error: UnicodeDecodeError) -> UnreadableError:
    """Return the error; ``line`` and ``offset`` are those of the first byte that ``error`` looks at."""
    line += error.object.count(b"\n", 0, error.start)
    byte = error.object[error.start]
    name = encodings.of_bytes(error.object[error.start :])
    windows = name.replace("cp", "Windows-")
    reason = f"Byte {offset + error.start} (0x{byte:02x}) is not UTF-8: the encoding is wrong, perhaps {windows}."
    return UnreadableError(path, reason, line=line, remedy=_REMEDY.format(encoding=windows.upper()))
