"""Masking of contact data in free text: search results must never hold it (invariant I6).

Masked are e-mail addresses, also the written-out kind ("name (at) stadt (punkt) de"), Matrix ids, and phone numbers
that are marked as such or begin with 0, 00 or +. Official numbers stay: those behind a word such as
Förderkennzeichen or Az., keys of at most eight digits in one piece, postcodes, an IBAN. ``persons.py`` masks names. The
original stays in the source file only; the import reports which lines it masked.
"""

from __future__ import annotations

import re

MAIL_MASK, PHONE_MASK, MATRIX_MASK = "[e-mail]", "[tel.]", "[matrix]"  # read the same in German, English and Polish

_AT = r"(?:[ \t]{0,2}[(\[{](?:at|ät|a|@|małpa)[)\]}][ \t]{0,2}|@|[ \t]@[ \t]?|@[ \t])"
_DOT = r"(?:\.|[ \t]{0,2}[(\[{](?:dot|punkt|kropka)[)\]}][ \t]{0,2})"
_HINT = re.compile(r"@|[(\[{](?:at?|ät|małpa)[)\]}]", re.IGNORECASE)  # cheap: most texts end here
_DIGIT = re.compile(r"\d")
_LABEL = r"[^\W_](?:[\w-]{0,62})"
_LOCAL = rf"[\w+-](?:[\w.+-]{{0,63}})(?:{_DOT}[\w+-]{{1,64}}){{0,3}}"
_MATRIX = re.compile(rf"(?<![\w@])@[\w.=/+-]{{1,100}}:{_LABEL}(?:\.{_LABEL}){{1,5}}(?::\d{{2,5}})?")
_MAIL = re.compile(
    rf"(?<![\w.+/-])(?!git@)(?:mailto:)?{_LOCAL}{_AT}({_LABEL}(?:{_DOT}{_LABEL}){{0,4}}{_DOT}[^\W\d_][\w-]{{1,62}})",
    re.IGNORECASE,
)
_SLOGAN = re.compile(r"[^A-Z]*[a-z][^A-Z]*\.[A-Z]{2,}")  # "familie@unternehmen.NRW": nobody writes an address so

_SEPARATED = r"(?:[ \u00a0\u202f./()–-]{0,3}\d){%s}"
_WORD = (
    r"(?:tel(?:efon)?(?:nummer|nr)?|ruf(?:nummer|nr)|phone|fon|fax|faks|handy(?:nummer|nr)?|mobil(?:nummer|nr|telefon)|"
    r"durchwahl|zadzwoń|kom(?=\.)|komórka|nr tel|numer telefonu)"
)
_MARKED = re.compile(rf"(?<!\w)({_WORD}\.?[ \t]?(?:nr\.?)?:?[ \t]?)\(?\+?\d{_SEPARATED % '3,16'}", re.IGNORECASE)
_INTERNATIONAL = re.compile(rf"(?<![\w+./-])\(?(?:\+|00)[1-9]{_SEPARATED % '6,14'}(?!\w)")
_NATIONAL = re.compile(rf"(?<![\w+.,/:%=#-])\(?0[1-9]\d{_SEPARATED % '4,12'}(?![\w/%])")
_SPACED = re.compile(
    r"(?<![\w+.,/:%=#-])(?<!\d )(?:\(?0 [1-9]\d?(?: ?\d){1,4}[ ]?[/)–-][ ]?\d(?: ?\d){3,9}|0(?: \d\d){5,6})(?![\w/%])"
)
_DATE = re.compile(r"0?\d[./-]\d{1,2}[./-](?:\d{4}|\d{2})(?!\d)")  # 01.02.2026 begins like a number of an area code
_OFFICIAL = re.compile(  # what stands before a number that is no phone number
    r"(?:kennzeichen|kennziffer|kennzahl|schlüssel|zeichen|nummer|\bfkz|\bags|\bars|\baz|\bazvv|\bnr|\bno|\bnum|\bkom|\bcom|"
    r"\bbeschl(?:uss|\.)?|beschluss|drucksache|\bdrs|vorlage|\bplz|\biban|\bbic|konto|\bblz|\bisbn|\bissn|\bdin|\biso|\bid|"
    r"\bart|§|\babs|\bbaugb|\bteryt|\bregon|\bnip|\bkrs|sygnatura|umow[ay]|numer|kod|vertrag|bescheid|bewilligung|projekt|"
    r"antrag|\bleika|code)[.:]{0,2}(?:-?nr\.?)?[ \t(:#-]*(?:(?:[A-Z]{1,4}|\d{1,5})[ \t/.-]){0,2}$",
    re.IGNORECASE,
)
_PHONE_BEFORE = re.compile(r"(?:telefon|ruf|fax|handy|mobil)[^\W\d_]*\.?[ \t:(]*$", re.IGNORECASE)
_FILE_NUMBER = re.compile(r"0\d{1,5}/(?:19|20)\d\d(?:[-/.]\d+)?")  # 0123/2024
_POSTCODES = re.compile(r"\(?\d{5}(?:[ ]?[/–-][ ]?\d{5})+")
_AREA_KEY = re.compile(r"0\d{0,7}")  # at most 8 digits in one piece: AGS, old funding numbers
_IBAN = re.compile(r"\b[A-Z]{2}\d{2}(?:[ ]?[0-9A-Z]{4}){3,7}(?:[ ]?[0-9A-Z]{1,4})?\b")
_BEFORE = 40  # characters before a number that say what it is


def masked(text: str) -> str:
    """Return ``text`` without contact data, unchanged when it holds none. Masking twice changes nothing more."""
    if _HINT.search(text):
        text = _MAIL.sub(_mail, _MATRIX.sub(MATRIX_MASK, text))
    if not _DIGIT.search(text):
        return text
    text = _MARKED.sub(rf"\1{PHONE_MASK}", text)
    text = _INTERNATIONAL.sub(_phone, text)
    text = _SPACED.sub(_phone, text)
    return _NATIONAL.sub(_phone, text)


def _mail(match: re.Match[str]) -> str:
    return match[0] if _SLOGAN.fullmatch(match[0].partition("@")[2]) else MAIL_MASK


def _phone(match: re.Match[str]) -> str:
    """Return the mask, or the number itself where it is a date or an official number."""
    number, before = match[0], match.string[max(0, match.start() - _BEFORE) : match.start()]
    if any(pattern.fullmatch(number) for pattern in (_FILE_NUMBER, _POSTCODES, _AREA_KEY)) or _DATE.search(number):
        return number
    if _OFFICIAL.search(before) and not _PHONE_BEFORE.search(before):
        return number
    around = _IBAN.finditer(match.string, max(0, match.start() - _BEFORE), match.end() + _BEFORE)
    return number if any(iban.start() <= match.start() < iban.end() for iban in around) else PHONE_MASK
