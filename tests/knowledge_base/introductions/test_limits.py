"""How many introductions a user may ask for, and how often a contact is asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.introductions.limits import WEEK, Before, Cap, Caps, exhausted, next_turn, not_again, too_far
from knowledge_base.introductions.values import Introduction, Outcome, State

NOW = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
NOTHING = Before()
CAPS = Caps()


def one(contact: str = "c", **changes: Any) -> Introduction:
    values: dict[str, Any] = {
        "id": "i", "code": "K7P2M", "asker": "a", "contact": contact, "contact_person": "p", "project": "p1",
        "question": "?", "created_at": NOW - timedelta(hours=1), "due_at": NOW, "state": State.SENT,
    }  # fmt: skip
    return Introduction(**(values | changes))


def ended(outcome: Outcome, ago: timedelta = timedelta(hours=1), **changes: Any) -> Introduction:
    return one(state=State.CLOSED, outcome=outcome, due_at=None, ended_at=NOW - ago, **changes)


def test_user_may_ask_for_three_introductions_a_day() -> None:
    assert exhausted([ended(Outcome.WITHDRAWN)] * 2, NOTHING, NOW, CAPS) is None
    assert exhausted([ended(Outcome.WITHDRAWN)] * 3, NOTHING, NOW, CAPS) is Cap.DAY
    yesterday = NOW - timedelta(hours=25)
    assert exhausted([ended(Outcome.WITHDRAWN, created_at=yesterday)] * 3, NOTHING, NOW, CAPS) is None
    assert exhausted([], Before(today=3), NOW, CAPS) is Cap.DAY
    assert exhausted([one()] * 9, NOTHING, NOW, Caps(per_day=0, open=0)) is None


def test_user_may_have_five_open_introductions() -> None:
    old = one(created_at=NOW - timedelta(days=3))
    assert exhausted([old] * 4, NOTHING, NOW, CAPS) is None
    assert exhausted([old] * 5, NOTHING, NOW, CAPS) is Cap.OPEN
    assert exhausted([replace(old, state=State.ARRANGED)] * 5, NOTHING, NOW, CAPS) is None


@pytest.mark.parametrize("outcome", [Outcome.UNREACHED, Outcome.LAPSED])
def test_unreached_or_lapsed_introductions_do_not_count(outcome: Outcome) -> None:
    assert exhausted([ended(outcome)] * 9, NOTHING, NOW, CAPS) is None
    assert not_again([ended(outcome)], NOTHING, NOW, CAPS) == frozenset()


def test_user_cannot_ask_a_contact_again_while_open_or_soon_after_a_failure() -> None:
    assert not_again([one("c1"), one("c2", state=State.DRAFT)], NOTHING, NOW, CAPS) == {"c1"}
    declined = ended(Outcome.NOT_ARRANGED, timedelta(days=29), tried=("c0",))
    assert not_again([declined], NOTHING, NOW, CAPS) == {"c", "c0"}
    assert not_again([declined], NOTHING, NOW + timedelta(days=2), CAPS) == frozenset()
    assert not_again([], Before(paused=frozenset({"c9"})), NOW, CAPS) == {"c9"}


@given(st.lists(st.timedeltas(timedelta(0), timedelta(days=3)), max_size=20), st.integers(1, 4))
def test_contact_is_asked_at_most_the_allowed_times_in_any_week(gaps: list[timedelta], a_week: int) -> None:
    caps, now, planned = Caps(per_contact_week=a_week), NOW, list[datetime]()
    for gap in gaps:
        now += gap
        turn = next_turn(sorted(one for one in planned if one > now - WEEK), now, caps)
        assert turn >= now
        assert turn <= now + WEEK * (len(planned) // a_week + 1)
        planned.append(turn)
    for start in planned:
        assert sum(start <= other < start + WEEK for other in planned) <= a_week


def test_user_waits_at_most_two_weeks_or_four_when_verified() -> None:
    assert [too_far(NOW + timedelta(days=days), NOW, verified=False) for days in (0, 14, 15)] == [False, False, True]
    assert [too_far(NOW + timedelta(days=days), NOW, verified=True) for days in (15, 28, 29)] == [False, False, True]
