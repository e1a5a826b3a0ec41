"""Working days of Brandenburg."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from knowledge_base.working_days import is_working_day, later


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 11, 23), True),
        (date(2026, 11, 22), False),  # a Sunday
        (date(2026, 10, 31), False),  # Reformation Day, in Brandenburg but not in Berlin
        (date(2025, 10, 31), False),
        (date(2026, 3, 8), False),
        (date(2027, 3, 8), True),  # Women's Day: in Berlin only
        (date(2027, 3, 26), False),  # Good Friday
    ],
)
def test_working_days_follow_weekends_and_holidays_of_brandenburg(day: date, works: bool) -> None:
    assert is_working_day(day) is works


@pytest.mark.parametrize(
    ("moment", "days", "expected"),
    [
        (datetime(2026, 11, 27, 9, 0, tzinfo=UTC), 3, datetime(2026, 12, 2, 9, 0, tzinfo=UTC)),
        (datetime(2026, 11, 28, 9, 0, tzinfo=UTC), 0, datetime(2026, 11, 30, 9, 0, tzinfo=UTC)),
        (datetime(2026, 11, 27, 23, 30, tzinfo=UTC), 0, datetime(2026, 11, 29, 23, 30, tzinfo=UTC)),  # Saturday there
        (datetime(2026, 10, 23, 8, 0, tzinfo=UTC), 1, datetime(2026, 10, 26, 9, 0, tzinfo=UTC)),  # summer time ended
    ],
)
def test_adding_working_days_keeps_the_time_of_day_in_berlin(moment: datetime, days: int, expected: datetime) -> None:
    assert later(moment, days) == expected
