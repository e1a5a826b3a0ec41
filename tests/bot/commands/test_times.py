"""Times and days in the words of users: read as people mean them, or refused, never guessed."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands.times import Time, UnclearError, days_of, until_of, weekday_and_time

MONDAY = date(2026, 11, 30)


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("Friday 12", (4, Time(12))),
        ("freitags um 8 Uhr", (4, Time(8))),
        ("wtorek 9:00", (1, Time(9))),
        ("Thursday 4pm", (3, Time(16))),
        ("12", (None, Time(12))),
        ("Mo", (0, None)),
        ("mittags", (None, Time(12))),
        ("Friday noon", (4, Time(12))),
        ("w południe", (None, Time(12))),
        ("12 Uhr mittags", (None, Time(12))),
        ("midnight", (None, Time(0))),
        ("Mitternacht", (None, Time(0))),
        ("o północy", (None, Time(0))),
        ("12 am", (None, Time(0))),
        ("12 pm", (None, Time(12))),
        ("4:00pm", (None, Time(16))),
        ("8 a.m.", (None, Time(8))),
        ("um 12 am Freitag", (4, Time(12))),
        ("halb neun", (None, Time(8, 30))),
        ("halb eins", (None, Time(0, 30))),
        ("half past eight", (None, Time(8, 30))),
        ("wpół do dziewiątej", (None, Time(8, 30))),
        ("wpół do dziewiątej wieczorem", (None, Time(20, 30))),
        ("Viertel nach acht", (None, Time(8, 15))),
        ("quarter to nine", (None, Time(8, 45))),
        ("za kwadrans dziewiąta", (None, Time(8, 45))),
        ("8 Uhr 30", (None, Time(8, 30))),
        ("8.30 Uhr", (None, Time(8, 30))),
        ("20h", (None, Time(20))),
        ("o 20:00", (None, Time(20))),
        ("o ósmej", (None, Time(8))),
        ("acht Uhr abends", (None, Time(20))),
        ("jeden Freitag um ein Uhr", (4, Time(1))),
        ("every Monday at 8 in the evening", (0, Time(20))),
        ("w środy o 7 rano", (2, Time(7))),
        ("at 7 o'clock", (None, Time(7))),
        ("nachmittags um 3", (None, Time(15))),
        ("", (None, None)),
    ],
)
def test_weekday_and_time_are_read_as_people_mean_them(text: str, when: tuple[int | None, Time | None]) -> None:
    assert weekday_and_time(text) == when


@pytest.mark.parametrize(
    "text",
    [
        "25", "24 Uhr", "8:75", "half eight", "viertel neun", "8 oder 9", "8-9", "ab 8", "vor 9", "nach 8",
        "zwischen 8 und 9", "Montag und Donnerstag 8", "täglich um 8", "abends", "irgendwann", "werktags 8",
        "nicht um 8", "zehn nach acht",
    ],
)  # fmt: skip
def test_text_that_is_not_one_time_is_refused(text: str) -> None:
    with pytest.raises(UnclearError):
        weekday_and_time(text)


@pytest.mark.parametrize(
    ("text", "last"),
    [
        ("15.12.", date(2026, 12, 15)),
        ("bis 15.12.2026", date(2026, 12, 15)),
        ("bis zum 4.12.", date(2026, 12, 4)),
        ("15.12.26", date(2026, 12, 15)),
        ("2026-12-24", date(2026, 12, 24)),
        ("24/12/2026", date(2026, 12, 24)),
        ("1.1.", date(2027, 1, 1)),
        ("15. Dezember", date(2026, 12, 15)),
        ("until the 15th of December", date(2026, 12, 15)),
        ("Dec 15", date(2026, 12, 15)),
        ("do 15 grudnia", date(2026, 12, 15)),
        ("bis Freitag", date(2026, 12, 4)),
        ("Freitag, 4.12.", date(2026, 12, 4)),
        ("do piątku", date(2026, 12, 4)),
        ("Montag", date(2026, 12, 7)),
        ("next Monday", date(2026, 12, 7)),
        ("bis nächsten Montag", date(2026, 12, 7)),
        ("w przyszły poniedziałek", date(2026, 12, 7)),
        ("kommenden Freitag", date(2026, 12, 4)),
        ("this Friday", date(2026, 12, 4)),
        ("za tydzień", date(2026, 12, 7)),
        ("bis in einer Woche", date(2026, 12, 7)),
        ("in 2 weeks", date(2026, 12, 14)),
        ("heute", MONDAY),
        ("until tomorrow", date(2026, 12, 1)),
        ("bis übermorgen", date(2026, 12, 2)),
        ("bis Ende Dezember", date(2026, 12, 31)),
        ("end of February", date(2027, 2, 28)),
        ("bis Ende der Woche", date(2026, 12, 6)),
        ("end of the month", date(2026, 11, 30)),
        ("do końca roku", date(2026, 12, 31)),
    ],
)
def test_last_day_of_a_pause_is_read_as_people_mean_it(text: str, last: date) -> None:
    assert until_of(text, MONDAY) == last


@pytest.mark.parametrize(
    "text",
    [
        "next Friday", "nächsten Freitag", "31.2.", "1.11.2026", "bis Januar", "bis nächste Woche", "Weihnachten",
        "foo", "", "Freitag 12", "1.12. bis 5.12.",
    ],
)  # fmt: skip
def test_text_that_is_not_one_day_to_come_is_refused(text: str) -> None:
    assert until_of(text, MONDAY) is None


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("14", 14), ("0", 0), ("3 Tage", 3), ("2 weeks", 14), ("eine Woche", 7), ("Woche", 7), ("na tydzień", 7),
        ("2 tygodnie", 14), ("für 4 Wochen", 28), ("a month", 30), ("zwei Wochen", 14), ("halbes Jahr", 182),
        ("rok", 365), ("zwei", None), ("anderthalb Wochen", None), ("2 Wochen bis Freitag", None), ("", None),
    ],
)  # fmt: skip
def test_length_of_a_pause_is_read_in_days(text: str, days: int | None) -> None:
    assert days_of(text) == days


@given(
    st.text(max_size=60)
    | st.lists(st.sampled_from("bis 8 . uhr halb freitag 15.12. in za tydzień ende".split())).map(" ".join)
)
def test_any_text_is_read_or_refused_without_another_error(text: str) -> None:
    until_of(text, MONDAY)
    days_of(text)
    try:
        _, time = weekday_and_time(text)
    except UnclearError:
        return
    assert time is None or (0 <= time.hour < 24 and 0 <= time.minute < 60)
