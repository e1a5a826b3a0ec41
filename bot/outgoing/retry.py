"""When a message that was not certainly sent goes out again: pure rules, for the sender of the outbox."""

from __future__ import annotations

from datetime import timedelta

from knowledge_base.store.outbox import OutboxRow, Urgency

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=1), timedelta(minutes=5)
GIVE_UP = timedelta(hours=23)  # networks remember a transaction id for a day; after that a repetition could double
ENOUGH = 5  # attempts: a message is given up after a day, but never because the clock alone says that a day went by
UNCLEAR = "unclear: "  # how the note of an unclear attempt begins


def pause(attempts: int) -> timedelta:
    """How long to wait after so many failed attempts: doubled each time."""
    doubled: timedelta = FIRST_PAUSE * 2.0 ** min(attempts - 1, 16)
    return min(doubled, LONGEST_PAUSE)


def is_hopeless(row: OutboxRow, *, age: timedelta) -> bool:
    """Whether a message that was certainly not sent is given up."""
    return age > GIVE_UP and (row.attempts >= ENOUGH or is_doubtful(row))


def may_repeat(row: OutboxRow, *, exactly_once: bool, age: timedelta, killed: bool = False) -> bool:
    """Return whether a message with unknown delivery goes out again; ``killed``: its sender was killed."""
    if age > GIVE_UP:
        return False
    twice_in_a_row = (row.error or "").startswith(UNCLEAR) and not killed
    return exactly_once or (row.urgency is Urgency.ANSWER and not twice_in_a_row)


def is_doubtful(row: OutboxRow) -> bool:
    """Whether an earlier attempt may have arrived."""
    return UNCLEAR.strip() in (row.error or "")
