from __future__ import annotations

import pytest

from knowledge_base.ingest.dates import read_day


@pytest.mark.parametrize(
    ("written", "day", "guess"),
    [
        ("24.11.2026", "2026-11-24", False),
        ("24. November 2026", "2026-11-24", False),
        ("24 listopada 2026 r.", "2026-11-24", False),
        ("2026-11-24 00:00:00", "2026-11-24", False),
        ("Stand: 3.5.26", "2026-05-03", False),
        ("6/29/2015", "2015-06-29", True),
        ("November 2026", "2026-11-01", True),
        (46350, "2026-11-24", True),
        ("2026", "2026-01-01", True),
    ],
)
def test_dates_are_read_as_people_write_them(written: object, day: str, guess: bool) -> None:
    assert read_day(written) == (day, guess)


@pytest.mark.parametrize("written", ["bald", "31.02.2026", "", None, True, 12])
def test_other_words_are_no_date(written: object) -> None:
    assert read_day(written) is None
