"""Rate limits of introductions: per asker and per contact. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from knowledge_base.introductions.values import Introduction, Outcome, State

DAY, WEEK = timedelta(days=1), timedelta(days=7)
LONGEST_WAIT, LONGEST_WAIT_UNVERIFIED = timedelta(days=28), timedelta(days=14)  # for one's turn
TAKES_NO_SLOT = (Outcome.LAPSED, Outcome.UNREACHED)  # never agreed to; never arrived


class Cap(StrEnum):
    """A limit that is reached."""

    DAY = "day"
    OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The limits; 0 lifts a limit."""

    per_day: int = 3
    open: int = 5
    pause: timedelta = timedelta(days=30)
    per_contact_week: int = 2


@dataclass(frozen=True, slots=True)
class Before:
    """Counts of an asker from before an erasure; they survive it as hashes."""

    today: int = 0
    paused: frozenset[str] = frozenset()  # contacts


def exhausted(mine: Iterable[Introduction], before: Before, now: datetime, caps: Caps) -> Cap | None:
    """Return the limit that makes the asker wait, given their introductions (``mine``), or ``None``."""
    counted = [
        introduction
        for introduction in mine
        if introduction.state is not State.DRAFT and introduction.outcome not in TAKES_NO_SLOT
    ]
    if caps.open and sum(introduction.open for introduction in counted) >= caps.open:
        return Cap.OPEN
    today = sum(introduction.created_at > now - DAY for introduction in counted) + before.today
    return Cap.DAY if caps.per_day and today >= caps.per_day else None


def not_again(mine: Iterable[Introduction], before: Before, now: datetime, caps: Caps) -> frozenset[str]:
    """Return the contacts that the asker cannot ask now: a request is open, or one recently could not be arranged.

    Declined and expired are alike here: the pause begins at the end of the introduction, whatever its outcome.
    """
    contacts = set(before.paused)
    for introduction in mine:
        lately = introduction.ended_at is not None and introduction.ended_at > now - caps.pause
        if (introduction.open and introduction.state is not State.DRAFT) or (
            lately and introduction.outcome is Outcome.NOT_ARRANGED
        ):
            contacts.update((introduction.contact, *introduction.tried))
    return frozenset(contacts)


def next_turn(planned: Sequence[datetime], now: datetime, caps: Caps) -> datetime:
    """Return the next time at which a contact may be asked, given the times of past and planned requests (in order)."""
    if not caps.per_contact_week or len(planned) < caps.per_contact_week:
        return now
    return max(now, planned[-caps.per_contact_week] + WEEK)


def too_far(turn: datetime, now: datetime, *, verified: bool) -> bool:
    """Return whether a contact has so many waiting requests that another one makes no sense.

    The last places are reserved for askers with a verified municipality: a user with many accounts cannot take them.
    """
    return turn > now + (LONGEST_WAIT if verified else LONGEST_WAIT_UNVERIFIED)
