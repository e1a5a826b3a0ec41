"""Rows as people write them, made ready for validation: each change that could be wrong is noted. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

from knowledge_base.ingest.columns import OWN_KEY, language_named
from knowledge_base.ingest.dates import read_day
from knowledge_base.ingest.notes import Note, NoteKind
from knowledge_base.ingest.row import Row, shortened
from knowledge_base.language.detect import guess_language
from knowledge_base.model import PERSONAL_FIELDS, Json

Values = dict[str, Json]

_INVISIBLE = re.compile("[\u200b\u200c\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff\u00ad\ufffe\uffff]")
_ALONE = "(?:p|div|br|li|ul|ol|tr|table|tbody|thead|h[1-6]|hr|blockquote|section|article)"
_INLINE = "(?:b|i|u|s|em|strong|span|font|a|td|th|sup|sub|small|img|mark|code|o:p)"
_HIDDEN = re.compile(r"<(script|style)\b[^<>]{0,500}>.*?</\1\s*>|<!--.*?-->", re.IGNORECASE | re.DOTALL)
_BLOCK = re.compile(rf"</?{_ALONE}(?:\s[^<>]{{0,2000}})?/?>", re.IGNORECASE)
_TAG = re.compile(rf"</?{_INLINE}(?:\s[^<>]{{0,2000}})?/?>", re.IGNORECASE)
_HREF = re.compile(r"<a\s[^<>]{0,500}?href\s*=\s*[\"']?(https?://[^\s\"'<>]{1,2000})", re.IGNORECASE)
_ENTITY = re.compile(
    r"&(?:amp|nbsp|quot|apos|lt|gt|szlig|euro|[aou]uml|[AOU]uml|[nm]dash|[lrb]dquo|shy|hellip|#\d{2,6}|#x[0-9a-fA-F]{2,5});"
)
_ADDRESS = re.compile(r"https?://[^\s<>\"]+")
_BARE = re.compile(r"(?:www\.)?(?:[\w-]{1,63}\.){1,5}[a-zA-Z]{2,24}(?:[/?#][^\s<>\"]*)?")
_BULLET = re.compile(r"^[\s•·▪‣*–-]+(?=\S)")
_POSTCODE = re.compile(r"^(?:\d{5}|\d{8}|\d{2}-\d{3})\s*[-–]?\s+(?=[^\W\d_])")
_DATES = ("as_of", "checked", "start", "end")
_NEVER = frozenset({"id", "record", OWN_KEY, *PERSONAL_FIELDS})


def tidy(row: Row, *, strict: bool = False) -> tuple[Row, list[Note]]:
    """Return the row with clean texts, addresses, dates and lists, and a note for each guess.

    ``strict`` leaves addresses and dates alone, so that validation refuses those that are wrong.
    """
    notes: list[Note] = []

    def note(kind: NoteKind, field: str, detail: str = "") -> None:
        notes.append(Note(row.file, row.line, kind, field, detail))

    values: Values = {}
    for name, value in row.values.items():
        values[name] = value if name in _NEVER else _clean(value)
        if isinstance(value, str) and values[name] != value and _is_markup(value):
            note(NoteKind.CLEANED, name)
    if isinstance(url := row.values.get("url"), str) and (href := _HREF.search(url)):
        values["url"] = unescape(href[1])
    for kind, field, detail in () if strict else (*_addresses(values), *_dates(values)):
        note(kind, field, detail)
    _lists(values)
    _numbers(values)
    _places(values)
    _language(values)
    return Row(row.file, row.line, values), notes


def _is_markup(text: str) -> bool:
    return bool(_TAG.search(text) or _BLOCK.search(text) or _ENTITY.search(text) or _INVISIBLE.search(text))


def _clean(value: Any) -> Any:
    """Return a text without markup and invisible characters; lists and mappings, each of their texts."""
    match value:
        case str() if not value.isascii() or "<" in value or "&" in value:
            return clean_text(value)
        case list():
            return [_clean(entry) for entry in value]
        case dict():
            return {name: _clean(entry) for name, entry in value.items()}
        case _:
            return value


def clean_text(text: str) -> str:
    """Return the words of a text that was pasted from a page."""
    if "<" in text:
        text = _BLOCK.sub("\n", _TAG.sub("", _HIDDEN.sub(" ", text)))
        text = re.sub(r"\n\s*\n+", "\n", text)
    if "&" in text and _ENTITY.search(text):
        text = _ENTITY.sub(lambda match: unescape(match[0]), text)
    return _INVISIBLE.sub("", text.replace("\u2028", "\n").replace("\u2029", "\n"))


def _addresses(values: Values) -> Iterator[tuple[NoteKind, str, str]]:
    """Read one web address; other addresses join the sources, words that are no address are kept beside."""
    written = values.get("url")
    if not isinstance(written, str) or not written.strip():
        return
    found = [address.rstrip(".,;)") for address in _ADDRESS.findall(written)]
    if found and written.strip() != found[0]:
        values["url"] = found[0]
        rest = _ADDRESS.sub(" ", written).strip(" ,;:|/\n()")
        if rest:
            values["url_note"] = " ".join(rest.split())
        if found[1:]:
            values["sources"] = [*_as_list(values.get("sources")), *found[1:]]
    elif not found and _BARE.fullmatch(written.strip()) and "@" not in written:
        values["url"] = f"https://{written.strip()}"
        yield NoteKind.SCHEME, "url", ""
    elif not found and "://" not in written:
        values["url_note"] = values.pop("url")
        yield NoteKind.NO_ADDRESS, "url", shortened(written.strip())


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _dates(values: Values) -> Iterator[tuple[NoteKind, str, str]]:
    status = values.get("status")
    if isinstance(status, str) and "as_of" not in values and (day := read_day(status)) and not status.strip().isdigit():
        values["as_of"] = values.pop("status")
    for field in _DATES:
        value = values.get(field)
        if value in (None, "") or (isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d(T|$)", value.strip())):
            continue
        day = read_day(value)
        if day is None and field in ("as_of", "checked"):
            values[f"{field}_note"] = values.pop(field)
            yield NoteKind.NO_DATE, field, shortened(value)
        elif day is not None:
            values[field] = day[0]
            if day[1]:
                yield NoteKind.DATE, field, f"{shortened(value)!r} was read as {day[0]}"


def _lists(values: Values) -> None:
    """Part lists at line breaks and bullets, which no entry holds."""
    for field in ("topics", "members", "sources", "names"):
        value = values.get(field)
        if isinstance(value, str) and "\n" in value.strip():
            values[field] = [_BULLET.sub("", part).strip(" ;|") for part in value.splitlines() if part.strip()]


def _numbers(values: Values) -> None:
    """Read German and Polish spellings of numbers: 23.456, 23 456, 51,76."""
    people = values.get("population")
    if isinstance(people, str) and re.fullmatch(r"\d{1,3}(?:[. '\u00a0\u202f]\d{3})+", people.strip()):
        values["population"] = re.sub(r"\D", "", people)
    for field in ("latitude", "longitude"):
        degrees = values.get(field)
        if isinstance(degrees, str) and re.fullmatch(r"-?\d{1,3},\d+", degrees.strip()):
            values[field] = degrees.replace(",", ".")


def _places(values: Values) -> None:
    """Leave out the postcode or key before a place."""
    place = values.get("municipality")
    if isinstance(place, str):
        values["municipality"] = _POSTCODE.sub("", place.strip())


def _language(values: Values) -> None:
    """Read the name of a language; a text that is plainly not German says its language itself."""
    written = values.get("lang")
    if isinstance(written, str) and (code := language_named(written)):
        values["lang"] = code
    elif not written and values.get("record", "project") == "project" and isinstance(values.get("text"), str):
        guess = guess_language(f"{values.get('title', '')} {values['text']}"[:2000])
        if guess and guess != "de":
            values["lang"] = guess
