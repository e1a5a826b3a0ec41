"""Masking of contact data in free text: search results must never hold it (invariant I6).

Masked are e-mail addresses, also the written-out kind ("name (at) stadt (punkt) de"), Matrix ids, and phone numbers
that are marked as such or begin with 0, 00 or +. A name alone is not masked: it cannot be told from a street or a
prize. The original stays in the source file only; the import reports which lines it masked.
"""

from __future__ import annotations

import re

MAIL_MASK, PHONE_MASK, MATRIX_MASK = "[e-mail]", "[tel.]", "[matrix]"  # read the same in German, English and Polish

_AT = r"(?:[ \t]{0,2}[(\[{](?:at|ät|@|małpa)[)\]}][ \t]{0,2}|@|[ \t]@[ \t]?|@[ \t])"
_DOT = r"(?:\.|[ \t]{0,2}[(\[{](?:dot|punkt|kropka)[)\]}][ \t]{0,2})"
_HINT = re.compile(r"@|[(\[{](?:at|ät|małpa)[)\]}]", re.IGNORECASE)  # cheap: most texts end here
_DIGIT = re.compile(r"\d")
_LABEL = r"[^\W_](?:[\w-]{0,62})"
_LOCAL = rf"[\w+-](?:[\w.+-]{{0,63}})(?:{_DOT}[\w+-]{{1,64}}){{0,3}}"
_MATRIX = re.compile(rf"(?<![\w@])@[\w.=/+-]{{1,100}}:{_LABEL}(?:\.{_LABEL}){{1,5}}(?::\d{{2,5}})?")
_MAIL = re.compile(rf"(?<![\w.+/-])(?!git@)(?:mailto:)?{_LOCAL}{_AT}{_LABEL}(?:{_DOT}{_LABEL}){{1,5}}", re.IGNORECASE)

_SEPARATED = r"(?:[ \u00a0\u202f./()–-]{0,3}\d){%s}"
_WORD = r"(?:tel(?:efon)?|phone|fon|fax|faks|handy|durchwahl|zadzwoń|kom(?:órka)?|nr tel)"
_MARKED = re.compile(rf"(?<!\w)({_WORD}\.?[ \t]?(?:nr\.?)?:?[ \t]?)\(?\+?\d{_SEPARATED % '3,16'}", re.IGNORECASE)
_INTERNATIONAL = re.compile(rf"(?<![\w+./-])\(?(?:\+|00)[1-9]{_SEPARATED % '6,14'}(?!\w)")
_NATIONAL = re.compile(rf"(?<![\w+.,/:%=#-])\(?0[1-9]\d{_SEPARATED % '4,12'}(?![\w/%])")
_DATE = re.compile(r"0?\d[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d)")  # 01.02.2026 begins like a number of an area code


def masked(text: str) -> str:
    """Return ``text`` without contact data, unchanged when it holds none. Masking twice changes nothing more."""
    if _HINT.search(text):
        text = _MAIL.sub(MAIL_MASK, _MATRIX.sub(MATRIX_MASK, text))
    if not _DIGIT.search(text):
        return text
    text = _MARKED.sub(rf"\1{PHONE_MASK}", text)
    text = _INTERNATIONAL.sub(PHONE_MASK, text)
    return _NATIONAL.sub(lambda match: match[0] if _DATE.search(match[0]) else PHONE_MASK, text)
