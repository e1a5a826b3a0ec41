"""Dates as people write them in German, Polish and English tables: the day, and whether it was a guess. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import cache

from babel.dates import get_month_names

from knowledge_base.vocabulary import LANGUAGES, fold

_SERIAL = range(30_000, 60_000)  # days since 1899-12-30, as a workbook counts them: 1982 to 2064
_NUMERIC = re.compile(r"(\d{1,2})\s*[./-]\s*(\d{1,2})\s*[./-]\s*(\d{4}|\d{2})")
_ISO = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ]\d{2}:\d{2}.*)?")
_WORDS = re.compile(r"(?:(\d{1,2})\.?\s+)?([^\W\d_]+)\.?,?\s+(\d{4})")
_MONTH_FIRST = re.compile(r"([^\W\d_]+)\.?\s+(\d{1,2}),\s*(\d{4})")
_MONTH = re.compile(r"(\d{1,2})\s*[./-]\s*(\d{4})|(\d{4})[-/](\d{1,2})")
_YEAR = re.compile(r"(?:19|20)\d\d")
_AROUND = re.compile(
    r"^(?:stand|stan na(?: dzień)?|am|ab|od|vom|zum|dnia|as of)\b[:\s]*|\s*(?:r\.?|roku|uhr)$", re.IGNORECASE
)


@cache
def _months() -> dict[str, int]:
    names: dict[str, int] = {}
    for language in LANGUAGES:
        for width in ("wide", "abbreviated"):
            for context in ("format", "stand-alone"):
                found = get_month_names(width, context=context, locale=language)
                names.update({fold(name): number for number, name in found.items()})
    return names | {fold("Jänner"): 1, "mrz": 3, "sept": 9}


def read_day(value: object) -> tuple[str, bool] | None:
    """Return the ISO date of a value and whether it was a guess; ``None`` when it is not a date.

    Guessed are the first day of a month or year, the order of day and month where both may be, and a bare number.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        whole = int(value)
        return (
            ((date(1899, 12, 30) + timedelta(days=whole)).isoformat(), True) if whole in _SERIAL else _year(str(whole))
        )
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    text = _AROUND.sub("", _AROUND.sub("", text)).strip()
    if iso := _ISO.fullmatch(text):
        return _day(int(iso[1]), int(iso[2]), int(iso[3]), guess=False)
    if numeric := _NUMERIC.fullmatch(text):
        return _numeric(*numeric.groups(), dotted="." in text)
    if words := _WORDS.fullmatch(text):
        month = _months().get(fold(words[2]), 0)
        return _day(int(words[3]), month, int(words[1] or 1), guess=not words[1])
    if words := _MONTH_FIRST.fullmatch(text):
        return _day(int(words[3]), _months().get(fold(words[1]), 0), int(words[2]), guess=False)
    if month_only := _MONTH.fullmatch(text):
        return _day(int(month_only[2] or month_only[3]), int(month_only[1] or month_only[4]), 1, guess=True)
    return _year(text)


def _year(text: str) -> tuple[str, bool] | None:
    return (f"{text}-01-01", True) if _YEAR.fullmatch(text) else None


def _numeric(first: str, second: str, year: str, *, dotted: bool) -> tuple[str, bool] | None:
    """Read day and month in the order that is possible; with dots the day always comes first."""
    day, month = int(first), int(second)
    century = 0 if len(year) == 4 else 2000 if int(year) < 70 else 1900
    if month > 12 and not dotted:
        return _day(century + int(year), day, month, guess=True)
    return _day(century + int(year), month, day, guess=not dotted and day <= 12 and day != month)


def _day(year: int, month: int, day: int, *, guess: bool) -> tuple[str, bool] | None:
    try:
        return date(year, month, day).isoformat(), guess
    except ValueError:
        return None
