"""The search reads stages and years from the free fields of records."""

from __future__ import annotations

import pytest

from knowledge_base.search.record_facts import NO_YEAR, OPEN_END, stages_of, status_of, years_of


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("Umsetzung", "running"),
        ("in Betrieb", "running"),
        ("laufend", "running"),
        ("Pilot", "running"),
        ("Pilotbetrieb seit 03/2025", "running"),
        ("im Aufbau", "running"),
        ("geplant", "planned"),
        ("Start 10/2025 angekündigt", "planned"),
        ("abgeschlossen", "done"),
        ("completed", "done"),
        ("zakończone", "done"),
        ("w trakcie realizacji", "running"),
        ("Strategie", None),
        ("", None),
    ],
)
def test_status_is_read_from_free_text(status: str, expected: str | None) -> None:
    assert status_of(status) == expected


def test_pilot_operation_is_distinguished_from_regular_operation() -> None:
    assert "pilot" in stages_of("Pilotbetrieb seit 03/2025")
    assert "pilot" not in stages_of("in Betrieb")


@pytest.mark.parametrize(
    ("period", "expected"),
    [
        ("01/2021–2027", (2021, 2027)),
        ("seit 2022", (2022, OPEN_END)),
        ("ab 10/2023", (2023, OPEN_END)),
        ("bis Ende 2026", (2000, 2026)),
        ("2021", (2021, 2021)),
        ("02/2023–09/2025", (2023, 2025)),
        ("", (NO_YEAR, NO_YEAR)),
        ("bald", (NO_YEAR, NO_YEAR)),
    ],
)
def test_years_are_read_from_the_period_text(period: str, expected: tuple[int, int]) -> None:
    assert years_of(period) == expected
