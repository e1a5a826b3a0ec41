"""The encoding of a table that is not UTF-8: how spreadsheets in Germany and Poland save it.

The letters that German and Polish write tell the encodings apart; a general detector was not compared.
"""

from __future__ import annotations

import codecs
from pathlib import Path

from knowledge_base.ingest.row import UnreadableError

_CHUNK_BYTES = 1024**2
_MARKS = {  # the longer marks first: the UTF-32 mark begins with the UTF-16 one
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
_GERMAN = frozenset("äöüÄÖÜß§°²³éèàç€–„“”’…·áíóúñ«»½×")
_POLISH = frozenset("ąćęłńóśźżĄĆĘŁŃÓŚŹŻ")
_NOT_IN_WORDS = frozenset("¹³¿¯¼¾Ÿ¥£¢¦Æ¶ÊÑÐÞðþ¬")  # what Polish letters of 1250 look like in 1252
NAMES = {
    "utf-8-sig": "UTF-8", "utf-16": "UTF-16", "utf-16-le": "UTF-16", "utf-16-be": "UTF-16", "utf-32": "UTF-32",
    "cp1252": "Windows-1252", "cp1250": "Windows-1250", "mac_roman": "Mac Roman", "cp850": "DOS (850)",
    "cp852": "DOS (852)", "iso8859_2": "ISO 8859-2",
}  # fmt: skip


def encoding_of(path: Path) -> str:
    """Return the encoding in which ``path`` is readable; "" for UTF-8, and for a UTF-8 file with a few wrong bytes."""
    valid = broken = 0
    sample = bytearray()
    with path.open("rb") as stream:
        head = stream.read(4)
        if mark := next((name for bom, name in _MARKS.items() if head.startswith(bom)), ""):
            return "" if mark == "utf-8-sig" else mark
        stream.seek(0)
        first = True
        while chunk := stream.read(_CHUNK_BYTES):
            if first and b"\0" in chunk:
                return _without_mark(chunk)
            first = False
            chunk += stream.readline()  # whole lines: no character is cut
            if chunk.isascii():
                continue
            text = chunk.decode("utf-8", "surrogateescape")
            wrong = sum("\udc80" <= letter <= "\udcff" for letter in text)
            broken += wrong
            valid += sum(letter > "\x7f" for letter in text) - wrong
            if wrong and len(sample) < _CHUNK_BYTES:
                sample += bytes(byte for byte in chunk if byte > 0x7F or chr(byte).isalpha() or byte in b" \n")
    if not broken or valid > broken:
        return ""
    return of_bytes(bytes(sample))


def of_bytes(sample: bytes) -> str:
    """Return the likeliest of the encodings that have one byte for a letter."""
    return max(
        ("cp1252", "cp1250", "iso8859_2", "cp850", "mac_roman", "cp852"), key=lambda name: _plausibility(sample, name)
    )


def _plausibility(sample: bytes, name: str) -> float:
    """Return how far the letters beyond ASCII are those of German or Polish text."""
    text = sample.decode(name, "replace")
    beyond = [(before, letter) for before, letter in zip(" " + text, text, strict=False) if letter > "\x7f"]
    score = 0.0
    for before, letter in beyond:
        if letter == "\ufffd" or "\x80" <= letter < "\xa0":
            score -= 3
        elif letter in _GERMAN or letter in _POLISH:
            score += 1
            score -= 1.5 * (before.islower() and letter.isupper())  # "GrÜn": no word is written so
        elif letter in _NOT_IN_WORDS and before.isalpha():
            score -= 1
    return score


def _without_mark(chunk: bytes) -> str:
    """Return UTF-16 without its mark, if every second byte of Latin text is zero."""
    even, odd = chunk[::2].count(0), chunk[1::2].count(0)
    half = len(chunk) // 2
    if max(even, odd) < 0.6 * half or min(even, odd) > 0.05 * half:
        return ""
    return "utf-16-be" if even > odd else "utf-16-le"


def scan(path: Path, encoding: str) -> None:
    """Check that the whole file is text in ``encoding``. Errors: ``UnreadableError``, with the byte."""
    try:
        decoder = codecs.getincrementaldecoder(encoding)()
    except LookupError as error:
        raise UnreadableError(
            path, f"There is no encoding {encoding[:40]!r}.", remedy="Write utf-8, cp1252, cp1250 or utf-16."
        ) from error
    offset, line = 0, 1
    with path.open("rb") as stream:
        while True:
            chunk = stream.read(_CHUNK_BYTES)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeError as error:
                at = offset + (error.start if isinstance(error, UnicodeDecodeError) else 0)
                reason = f"About byte {at}, the file is not {NAMES.get(encoding, encoding)} text."
                raise UnreadableError(
                    path, reason, line=line, remedy="Save it as UTF-8, or name its --encoding."
                ) from error
            if "\0" in text:
                raise UnreadableError(
                    path, "The file holds NUL characters, so it is no text.", line=line, remedy="Save it as UTF-8."
                )
            if not chunk:
                return
            offset, line = offset + len(chunk), line + text.count("\n")
