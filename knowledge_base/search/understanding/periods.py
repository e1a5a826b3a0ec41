"""The time that a question asks about: "2023", "seit 2022", "vor 2020", "between 2019 and 2021", "od 2024". Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from knowledge_base.search.understanding import phrases

FIRST, LAST = 0, 9999  # an open begin, an open end
Period = tuple[int, int]  # first and last year
_YEAR = r"(20[0-4]\d)(?:er)?"
_SOME = r"(?:\w+ ){0,2}?"  # "seit Anfang 2022", "ab dem Jahr 2022"
_DASH = re.compile(rf"(?<!\d){_YEAR}\s?[-–—]\s?{_YEAR}(?!\d)")
_BETWEEN = re.compile(
    rf"(?:{phrases.BETWEEN.pattern} {_SOME}{_YEAR} (?:{phrases.TO.pattern}|{phrases.AND.pattern})"
    rf"|(?<!\S){_YEAR} {phrases.TO.pattern}) {_SOME}{_YEAR}(?!\S)"
)
_FROM = re.compile(rf"{phrases.SINCE.pattern} {_SOME}{_YEAR}(?!\S)")
_AFTER = re.compile(rf"{phrases.AFTER.pattern} {_SOME}{_YEAR}(?!\S)")
_BEFORE = re.compile(rf"{phrases.BEFORE.pattern} {_SOME}{_YEAR}(?!\S)")
_IN = re.compile(rf"(?<!\S){_YEAR}(?!\S)")


def periods(folded: str, text: str) -> tuple[Period, ...]:
    """Return the periods named in a question, in order; a year alone is a period of its own.

    ``folded`` are the folded words of ``text``, which alone shows a dash between two years.
    """
    return tuple(period for _, period in sorted(_periods(folded, text)))


def _periods(folded: str, text: str) -> Iterator[tuple[int, Period]]:
    dashed = [" ".join(match.groups()) for match in _DASH.finditer(text)]
    patterns = [re.compile(joined) for joined in dashed]
    for pattern in (*patterns, _BETWEEN, _FROM, _AFTER, _BEFORE, _IN):
        for match in pattern.finditer(folded):
            named = [int(year) for year in re.findall(_YEAR, match.group())]
            yield match.start(), _period(pattern, min(named), max(named))
        folded = pattern.sub(lambda match: "#" * len(match.group()), folded)


def _period(pattern: re.Pattern[str], first: int, last: int) -> Period:
    if pattern is _BEFORE:
        return FIRST, last - 1
    if pattern in (_FROM, _AFTER):
        return first + (pattern is _AFTER), LAST
    return first, last
