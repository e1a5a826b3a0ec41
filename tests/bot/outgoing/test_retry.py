"""When the bot retries a message that was not certainly sent."""

from __future__ import annotations

import pytest

from bot.outgoing.retry import FIRST_PAUSE, GIVE_UP, LONGEST_PAUSE, UNCLEAR, may_repeat, pause
from knowledge_base.store.outbox import OutboxRow, Urgency
from tests.conftest import FixedClock


def test_retry_pause_doubles_up_to_the_longest() -> None:
    assert [pause(number) for number in (1, 2, 3)] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert pause(10**6) == LONGEST_PAUSE


@pytest.mark.parametrize("exactly_once", [True, False])
@pytest.mark.parametrize("urgency", list(Urgency))
@pytest.mark.parametrize("error", [None, "later", UNCLEAR])
@pytest.mark.parametrize("killed", [True, False])
@pytest.mark.parametrize("old", [True, False])
def test_only_recent_answers_and_exactly_once_messages_are_repeated_when_unclear(
    exactly_once: bool, urgency: Urgency, error: str | None, killed: bool, old: bool
) -> None:
    clock = FixedClock()
    row = OutboxRow("i", 1, "fake", "a", None, urgency, {}, 3, clock(), error)
    repeated = may_repeat(row, exactly_once=exactly_once, age=GIVE_UP * (2 if old else 0.5), killed=killed)
    answer_lost_otherwise = urgency is Urgency.ANSWER and (killed or error != UNCLEAR)
    assert repeated is (not old and (exactly_once or answer_lost_otherwise))
