"""Working days of Brandenburg: Monday to Friday without its public holidays, in the hours of Berlin.

It also knows public holidays elsewhere, for subscribers who want no messages on them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

BERLIN = ZoneInfo("Europe/Berlin")


def later(moment: datetime, days: int) -> datetime:
    """Return the same time of day (in Berlin) some working days later; with 0 the next working day, or this one."""
    local = moment.astimezone(BERLIN)
    day = local.date()
    for _ in range(days):
        day = _next_working_day(day + timedelta(days=1))
    day = _next_working_day(day)
    return datetime.combine(day, local.time(), tzinfo=BERLIN).astimezone(UTC)


def is_working_day(day: date) -> bool:
    """Return whether an administration in Brandenburg works on that day."""
    return day.weekday() < 5 and not is_public_holiday(day, "DE", "Brandenburg")


def _next_working_day(day: date) -> date:
    while not is_working_day(day):
        day += timedelta(days=1)
    return day


STATES = {  # of Germany, by the names that records use
    "Baden-Württemberg": "BW", "Bayern": "BY", "Berlin": "BE", "Brandenburg": "BB", "Bremen": "HB", "Hamburg": "HH",
    "Hessen": "HE", "Mecklenburg-Vorpommern": "MV", "Niedersachsen": "NI", "Nordrhein-Westfalen": "NW",
    "Rheinland-Pfalz": "RP", "Saarland": "SL", "Sachsen": "SN", "Sachsen-Anhalt": "ST", "Schleswig-Holstein": "SH",
    "Thüringen": "TH",
}  # fmt: skip


def is_public_holiday(day: date, country: str = "DE", state: str = "") -> bool:
    """Return whether a day is a public holiday in a country ("DE", "PL"), or in the German state of this name."""
    return day in _public_holidays(day.year, country, STATES.get(state, "") if country == "DE" else "")


@cache
def _public_holidays(year: int, country: str, state: str) -> frozenset[date]:
    if country not in ("DE", "PL"):
        return frozenset()
    return frozenset(holidays.country_holidays(country, subdiv=state or None, years=year))
