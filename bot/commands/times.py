"""Times and days as people write them in German, English and Polish, read or refused, never guessed. Pure.

``time_of`` reads a time of day, ``until_of`` the last day of a pause, ``days_of`` its length. What can mean two things
("half eight", "next Friday" in a week in which Friday is still to come) is refused, so that the bot asks back.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from typing import NamedTuple

from bot.commands.command import fold

DAYS = (
    ("monday", "mon", "montag", "montags", "mo", "poniedzialek", "poniedzialku", "poniedzialki"),
    ("tuesday", "tue", "dienstag", "dienstags", "di", "wtorek", "wtorku", "wtorki"),
    ("wednesday", "wed", "mittwoch", "mittwochs", "mi", "sroda", "srode", "srody"),
    ("thursday", "thu", "donnerstag", "donnerstags", "do", "czwartek", "czwartku", "czwartki"),
    ("friday", "fri", "freitag", "freitags", "fr", "piatek", "piatku", "piatki"),
    ("saturday", "sat", "samstag", "samstags", "sonnabend", "sa", "sobota", "sobote", "soboty"),
    ("sunday", "sun", "sonntag", "sonntags", "so", "niedziela", "niedziele", "niedzieli"),
)
DAY_OF = {word: number for number, words in enumerate(DAYS) for word in words}
MONTHS = (
    ("januar", "jaenner", "january", "jan", "styczen", "stycznia"),
    ("februar", "february", "feb", "luty", "lutego"),
    ("maerz", "march", "mar", "marzec", "marca"),
    ("april", "apr", "kwiecien", "kwietnia"),
    ("mai", "may", "maj", "maja"),
    ("juni", "june", "jun", "czerwiec", "czerwca"),
    ("juli", "july", "jul", "lipiec", "lipca"),
    ("august", "aug", "sierpien", "sierpnia"),
    ("september", "sept", "sep", "wrzesien", "wrzesnia"),
    ("oktober", "october", "okt", "oct", "pazdziernik", "pazdziernika"),
    ("november", "nov", "listopad", "listopada"),
    ("dezember", "december", "dez", "dec", "grudzien", "grudnia"),
)
MONTH_OF = {word: number for number, words in enumerate(MONTHS, start=1) for word in words}
NUMBERS = {
    1: "eins one pierwsza pierwszej", 2: "zwei two dwa dwie druga drugiej", 3: "drei three trzy trzecia trzeciej",
    4: "vier four cztery czwarta czwartej", 5: "fuenf five piec piata piatej", 6: "sechs six szesc szosta szostej",
    7: "sieben seven siedem siodma siodmej", 8: "acht eight osiem osma osmej",
    9: "neun nine dziewiec dziewiata dziewiatej", 10: "zehn ten dziesiec dziesiata dziesiatej",
    11: "elf eleven jedenascie jedenasta jedenastej", 12: "zwoelf twelve dwanascie dwunasta dwunastej",
    13: "dreizehn trzynasta trzynastej", 14: "vierzehn fourteen czternascie czternasta czternastej",
    15: "fuenfzehn pietnasta pietnastej", 16: "sechzehn szesnasta szesnastej", 17: "siebzehn siedemnasta siedemnastej",
    18: "achtzehn osiemnasta osiemnastej", 19: "neunzehn dziewietnasta dziewietnastej",
    20: "zwanzig twenty dwudziesta dwudziestej",
}  # fmt: skip
NUMBER_OF = {word: number for number, words in NUMBERS.items() for word in words.split()}
ARTICLES = dict.fromkeys("ein eine einen einem einer a an jeden jedna".split(), 1)  # of a length: "a week"


def _any(words: Iterable[str]) -> str:
    return f"(?:{'|'.join(sorted(words, key=len, reverse=True))})"


H = rf"(\d{{1,2}}|{_any(NUMBER_OF)})"
_DAY, _MONTH = _any(DAY_OF), f"({_any(MONTH_OF)})"
_FILLING = re.compile(
    r"\b(?:um|at|about|around|o|oclock|uhr|h|godz|godzina|godzinie|immer|jede[nrs]?|jeweils|every|each|always|on|am|the|"
    r"w|we|co|kazdy|kazda|bitte|please|prosze|gern|gerne|lieber|und|and|i|der|den|die|in)\b|[.,;!]"
)


class Time(NamedTuple):
    """A time of day."""

    hour: int
    minute: int = 0


class UnclearError(ValueError):
    """A text says more than one thing, or something that is no time."""


def number_of(word: str) -> int:
    """Return the number that a folded word or digits stand for."""
    return int(word) if word.isdecimal() else (NUMBER_OF | ARTICLES)[word]


# ------------------------------------------------------------------------------------------------------ time of day


def _half(match: re.Match[str]) -> Time:
    return Time((number_of(match[1]) - 1) % 24, 30)


_CLOCK: tuple[tuple[str, Callable[[re.Match[str]], Time]], ...] = (
    (rf"half past {H}\b", lambda match: Time(number_of(match[1]), 30)),
    (rf"(?:halb|wpoldo) {H}\b", _half),
    (rf"(?:viertel nach|quarter past|kwadrans po) {H}\b", lambda match: Time(number_of(match[1]), 15)),
    (rf"(?:dreiviertel|viertel vor|(?:a )?quarter to|za kwadrans|kwadrans przed) {H}\b",
     lambda match: Time((number_of(match[1]) - 1) % 24, 45)),
    (rf"\b{H} ?(?:uhr|h|:|\.) ?(\d\d)\b(?! ?[.:])(?: uhr| h)?", lambda match: Time(number_of(match[1]), int(match[2]))),
    (rf"\b({H[1:-1]}|ein) ?(?:uhr|h|oclock)\b", lambda match: Time(number_of(match[1]))),
    (rf"(?<![.:])\b{H}\b(?![.:]\d)", lambda match: Time(number_of(match[1]))),
)  # fmt: skip
_PERIODS: tuple[tuple[str, Callable[[int], int]], ...] = (
    (r"\b(?:a\.?m)\b\.?", lambda hour: hour % 12),
    (r"\b(?:p\.?m)\b\.?", lambda hour: hour % 12 + 12),
    (r"\b(?:nachmittags?|in the afternoon|po poludniu)\b", lambda hour: hour + 12 if hour < 12 else hour),
    (r"\b(?:abends?|in the evening|wieczorem)\b", lambda hour: hour + 12 if 4 <= hour < 12 else hour),
    (
        r"\b(?:nachts|at night|w nocy)\b",
        lambda hour: hour + 12 if 8 <= hour < 12 else hour % 12 if hour == 12 else hour,
    ),
    (r"\b(?:morgens|frueh|vormittags?|in the morning|rano)\b", lambda hour: hour),
    (r"\b(?:mittags?|noon|midday|(?:w )?poludnie)\b", lambda hour: hour + 12 if hour < 4 else hour),
)
_NOON = re.compile(r"\b(?:mittags?|noon|midday|(?:w )?poludnie)\b")
_MIDNIGHT = re.compile(r"\b(?:mitternachts?|midnight|(?:o )?polnoc[ay]?)\b")


def time_of(text: str) -> tuple[Time | None, str]:
    """Return the time of day in a folded text, and the rest; ``None``: it names none. Raise ``UnclearError``."""
    rest = re.sub(r"(?<=\d)(?=[ap]\.?m\b)", " ", re.sub("o['’ ]?clock", "oclock", text.replace("wpol do", "wpoldo")))
    if _MIDNIGHT.search(rest):
        return _alone(Time(0), _MIDNIGHT.sub(" ", rest))
    for pattern, read in _CLOCK:
        if match := re.search(pattern, rest):
            return _alone(*_in_its_period(read(match), f"{rest[: match.start()]} {rest[match.end() :]}"))
    if _NOON.search(rest):
        return Time(12), _NOON.sub(" ", rest)
    return None, rest


def _in_its_period(time: Time, rest: str) -> tuple[Time, str]:
    for pattern, moved in _PERIODS:
        if re.search(pattern, rest):
            return Time(moved(time.hour), time.minute), re.sub(pattern, " ", rest)
    return time, rest


def _alone(time: Time, rest: str) -> tuple[Time, str]:
    """Refuse a second time, and what is no time."""
    if time.hour > 23 or time.minute > 59 or any(re.search(pattern, rest) for pattern, _ in _CLOCK):
        raise UnclearError(rest)
    return time, rest


def weekday_and_time(text: str) -> tuple[int | None, Time | None]:
    """Return the weekday (0 … 6) and the time that a text names; raise ``UnclearError`` for all other words in it."""
    folded = re.sub(rf"\bam (?={_DAY}\b)", "", fold(text).replace("wpol do", "wpoldo"))  # not "8 am", but "on Friday"
    days = {DAY_OF[word] for word in re.findall(rf"\b{_DAY}\b", folded)}
    time, rest = time_of(re.sub(rf"\b{_DAY}\b", " ", folded))
    if len(days) > 1 or _FILLING.sub(" ", rest).strip():
        raise UnclearError(text)
    return next(iter(days), None), time


# ------------------------------------------------------------------------------------------------- lengths and days

UNITS = (
    ("(?:tage?n?|days?|dzien|dni|dnia)", 1), ("(?:wochen?|weeks?|tydzien|tygodni|tygodnie|tyg)", 7),
    ("(?:monate?n?|months?|miesiac|miesiace|miesiecy|mies)", 30), ("(?:jahre?n?|years?|rok|roku|lat|lata)", 365),
)  # fmt: skip
_FOR = r"(?:fuer |for |na |um |noch )?"
_IN = r"(?:in |za |bis in |until in )"
_LENGTH = re.compile(
    rf"(?:(\d{{1,6}}|{_any(NUMBER_OF | ARTICLES)}) ?)?(?:{'|'.join(f'({unit})' for unit, _ in UNITS)})?"
)
_HALF_A_YEAR = re.compile(r"(?:ein )?halbes jahr|half a year|pol roku")


def days_of(text: str) -> int | None:
    """Return the length of time that a text is, in days: "3 Wochen", "a month", "na tydzień"; ``None``: it is none."""
    folded = re.sub(rf"^{_FOR}", "", fold(text))
    if _HALF_A_YEAR.fullmatch(folded):
        return 182
    match = _LENGTH.fullmatch(folded)
    if not folded or match is None:
        return None
    unit = next((days for group, (_, days) in zip(match.groups()[1:], UNITS, strict=True) if group), 0)
    if not unit and not (match[1] and match[1].isdecimal()):
        return None  # "zwei" of what?
    return (number_of(match[1]) if match[1] else 1) * (unit or 1)


_UNTIL = re.compile(r"^(?:bis(?: zum| einschliesslich| inklusive)?|until|till|through|az do|do)\s+")
_THE = re.compile(r"\b(?:the|dem|den|am|zum|der|on|we?)\b\s*")
_NEXT = re.compile(r"^(?:next|naechste[nrs]?|przysz\w+|nastepn\w+)\s+")
_THIS = re.compile(r"^(?:this|coming|kommende[nrs]?|diese[nrs]?|ten|te|to|najblizsz\w+)\s+")
_ENDS: tuple[tuple[str, Callable[[date], date]], ...] = (
    (r"heute|today|dzis(?:iaj)?|dzisiaj", lambda today: today),
    (r"morgen|tomorrow|jutra?|jutro", lambda today: today + timedelta(days=1)),
    (r"uebermorgen|day after tomorrow|pojutrza?|pojutrze", lambda today: today + timedelta(days=2)),
    (r"ende (?:der|dieser) woche|end of (?:this )?week|kon(?:iec|ca) tygodnia",
     lambda today: today + timedelta(days=6 - today.weekday())),
    (r"ende (?:des|dieses) monats|monatsende|end of (?:this )?month|kon(?:iec|ca) miesiaca",
     lambda today: _last_day(today.year, today.month)),
    (r"ende (?:des|dieses) jahres|jahresende|end of (?:this )?year|kon(?:iec|ca) roku",
     lambda today: date(today.year, 12, 31)),
)  # fmt: skip


def until_of(text: str, today: date) -> date | None:
    """Return the last day of a pause as a user named it; ``None``: it is no day, not one day, or over."""
    folded = _UNTIL.sub("", fold(text).replace(",", " ").strip())
    if later := re.match(rf"{_IN}", fold(text)):
        length = days_of(fold(text)[later.end() :])
        return today + timedelta(days=length) if length and length < 10_000 else None
    folded = re.sub(r"\s+", " ", folded)
    plain = _THE.sub("", folded).strip()
    for pattern, day in _ENDS:
        if re.fullmatch(pattern, folded) or re.fullmatch(pattern, plain):
            return day(today)
    return _weekday(plain, today) or _date(re.sub(rf"^{_DAY}\s+(?=\d)", "", plain), today)


def _weekday(text: str, today: date) -> date | None:
    """Return the day that a weekday means; "next" where it can mean two, ``None``."""
    name = _NEXT.sub("", _THIS.sub("", text))
    if name not in DAY_OF:
        return None
    ahead = (DAY_OF[name] - today.weekday()) % 7 or 7
    if _NEXT.match(text) and today.weekday() + ahead < 7:
        return None
    return today + timedelta(days=ahead)


def _date(text: str, today: date) -> date | None:
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text):
        return _existing(int(match[1]), int(match[2]), int(match[3]), today)
    if match := re.fullmatch(r"(\d{1,2})(?:\. ?|/|-)(\d{1,2})(?:(?:\. ?|/|-)(\d{4}|\d{2})?)?", text):
        return _existing(match[3], int(match[2]), int(match[1]), today)
    if match := re.fullmatch(rf"(\d{{1,2}})(?:\.|st|nd|rd|th)?(?: of)? {_MONTH}\.?(?: (\d{{4}}))?", text):
        return _existing(match[3], MONTH_OF[match[2]], int(match[1]), today)
    if match := re.fullmatch(rf"{_MONTH}\.? (\d{{1,2}})(?:st|nd|rd|th)?(?: (\d{{4}}))?", text):
        return _existing(match[3], MONTH_OF[match[1]], int(match[2]), today)
    if match := re.fullmatch(rf"(?:ende|end of|kon(?:iec|ca)) {_MONTH}(?: (\d{{4}}))?", text):
        month = MONTH_OF[match[1]]
        year = int(match[2]) if match[2] else today.year + (month < today.month)
        return _existing(year, month, _last_day(year, month).day, today)
    return None


def _existing(year: str | int | None, month: int, day: int, today: date) -> date | None:
    """Return the day if there is one and it is not over; without a year, the next one."""
    years = [today.year, today.year + 1] if year is None else [int(year) + (2000 if int(year) < 100 else 0)]
    for number in years:
        try:
            found = date(number, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    return None


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])
