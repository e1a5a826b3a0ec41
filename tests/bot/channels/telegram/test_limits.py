"""How fast the bot sends to Telegram, measured with a clock of the test."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.port import TryLaterError
from bot.channels.telegram.limits import WAIT_FOR_CHAT, Limits, Pace

ANNA, BEN, GROUP = 11, 12, -1001


class Time:
    """A clock that stands still; ``limits`` use it."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.limits = Limits(Pace(), lambda: self.now)

    def goes_out(self, chat: int, *, bulk: bool = False, begun: bool = False) -> float | None:
        """When a message reserved now is sent; ``None``: it has to be retried."""
        try:
            return self.now + self.limits.reserve(chat, bulk=bulk, begun=begun)
        except TryLaterError:
            return None


@pytest.fixture
def time() -> Time:
    return Time()


def test_user_gets_one_message_a_second_and_other_users_do_not_wait(time: Time) -> None:
    first = time.goes_out(ANNA)
    assert first is not None
    assert time.goes_out(ANNA) is None, "it must not keep the place while it waits"
    further = time.goes_out(ANNA, begun=True)
    assert further is not None, "but what was begun goes on"
    assert further - first >= 1
    other = time.goes_out(BEN)
    assert other is not None
    assert other - time.now < 0.1


def test_group_gets_at_most_twenty_messages_a_minute(time: Time) -> None:
    sent = []
    while time.now < 1200:
        at = time.goes_out(GROUP)
        sent += [] if at is None else [at]
        time.now += 0.5
    for start in sent:
        assert sum(start <= at < start + 60 for at in sent) <= 20
    assert len(sent) >= 60  # and not much less either


def test_message_with_a_long_wait_is_retried_at_the_given_time(time: Time) -> None:
    for _ in range(20):
        time.goes_out(GROUP)
        time.now += 0.1
    with pytest.raises(TryLaterError) as error:
        time.limits.reserve(GROUP)
    assert error.value.after is not None
    assert error.value.after > timedelta(seconds=50)
    time.now += error.value.after.total_seconds()
    assert time.goes_out(GROUP) is not None


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 200), st.booleans(), st.floats(0, 0.2)), min_size=40, max_size=200))
def test_bot_sends_at_most_thirty_messages_a_second(messages: list[tuple[int, bool, float]]) -> None:
    time = Time()
    sent = []
    for chat, bulk, pause in messages:
        at = time.goes_out(chat, bulk=bulk)
        sent += [] if at is None else [at]
        time.now += pause
    for start in sent:
        assert sum(start <= at < start + 1 for at in sent) <= 31


def test_bulk_messages_leave_room_for_answers(time: Time) -> None:
    chats = iter(range(100, 300))
    while time.goes_out(next(chats), bulk=True) is not None:
        pass
    answer = time.goes_out(ANNA)
    assert answer is not None
    assert answer - time.now < 0.5


def test_retry_after_holds_back_only_that_chat(time: Time) -> None:
    time.limits.hold(ANNA, timedelta(seconds=17))
    assert time.goes_out(ANNA) is None
    assert time.goes_out(BEN) == time.now
    time.now += 17 - WAIT_FOR_CHAT / 2
    at = time.goes_out(ANNA)
    assert at is not None
    assert at >= 1017


def test_retry_after_in_two_chats_holds_back_all_chats(time: Time) -> None:
    time.limits.hold(ANNA, timedelta(seconds=17))
    time.limits.hold(BEN, timedelta(seconds=9))
    assert time.goes_out(GROUP) is None
    time.now += 9
    assert time.goes_out(GROUP) is not None
