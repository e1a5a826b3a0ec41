"""Introductions: from "who did this?" to two people who talk, with the consent of both. Pure.

::

    draft ──consented──▶ queued ──time──▶ sent ──the network took it──▶ delivered
      │                    │               │                               │
      │                    │               ├──◀ passed on, not reached ◀───┤     (or an objection: the next contact)
      │                    │               │                               │
     time              withdrawn,         yes                             yes
      │                erased,             ├───────────────────────────────┘
      ▼                not reached         ▼            room opened
    closed ◀──────────no, expired      opening ─────────or failed──────▶ arranged ──time──▶ followed
      ▲                    │               │                               ▲                    │
      └────────────────────┴───────────────┴────(both cannot have a room)──┘     time, answers ─┴──▶ closed

Every state but ``closed`` has a timer (``due_at``), so every introduction ends. Contact data leave with ``EXCHANGE`` or
``OPEN_ROOM`` alone, and both follow the yes of the contact, who is asked after the yes of the asker only.

``step`` never fails: an event that does not fit changes nothing and the result says why. An event carries the person
who caused it, and counts only when it is that person's to decide. Declined and expired are the same outcome, here
already: nothing that is stored tells them apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from knowledge_base.introductions.values import (
    AFTER,
    ASKED,
    WAITING,
    Answered,
    Consented,
    ContactAnswer,
    ContactCandidate,
    Count,
    Delivered,
    Do,
    Effect,
    Erased,
    Event,
    ForEditors,
    GiveBack,
    Introduction,
    KeepConsent,
    Objected,
    Outcome,
    Refusal,
    Retract,
    RoomFailed,
    RoomOpened,
    SaidWhetherItHelped,
    Side,
    State,
    Step,
    TellAsker,
    TimeCame,
    Undeliverable,
    Withdrew,
)

WorkingDays = Callable[[datetime, int], datetime]  # so many working days later; 0: that day, or the next working day


@dataclass(frozen=True, slots=True)
class Rules:
    """The periods of an introduction."""

    working_days: WorkingDays
    draft: timedelta = timedelta(hours=1)  # for the asker to agree
    remind_after: int = 3  # working days
    expires_after: timedelta = timedelta(days=14)  # and on to a working day
    room_within: timedelta = timedelta(hours=24)
    follow_up_after: timedelta = timedelta(days=14)
    follow_up: timedelta = timedelta(days=14)  # to say whether it helped


def step(now: Introduction, event: Event, at: datetime, rules: Rules) -> Step:
    """Return the next step of an introduction after an event at a moment."""
    done = _next(now, event, at, rules)
    ended = done.introduction.state is State.CLOSED and now.state is not State.CLOSED
    return replace(done, introduction=replace(done.introduction, ended_at=at)) if ended else done


def _next(now: Introduction, event: Event, at: datetime, rules: Rules) -> Step:  # noqa: C901 - one case per event
    match event:
        case TimeCame():
            return _time(now, at, rules)
        case Consented(person):
            return _refused(now, person, Side.ASKER) or _consented(now, event, at, rules)
        case Withdrew(person):
            return _refused(now, person, Side.ASKER) or _withdrawn(now)
        case Answered(person):
            return _refused(now, person, Side.CONTACT) or _answered(now, event, at, rules)
        case Delivered(number):
            fits = now.state is State.SENT and number == now.round
            return Step(replace(now, state=State.DELIVERED)) if fits else Step(now, refusal=Refusal.TOO_LATE)
        case Undeliverable(number, onward):
            fits = now.state in WAITING and number == now.round
            return _not_reached(now, onward, at, rules) if fits else Step(now, refusal=Refusal.TOO_LATE)
        case Objected(person):
            return _refused(now, person, Side.CONTACT) or _objected(now, event, at, rules)
        case Erased(person):
            return _erased(now, person)
        case RoomOpened() | RoomFailed():
            return _room(now, isinstance(event, RoomOpened), at, rules)
        case SaidWhetherItHelped(person):
            return _refused(now, person, *Side) or _helped(now, event)
        case ForEditors(person):
            return _refused(now, person, Side.ASKER) or _posted(now)


def _refused(now: Introduction, person: str, *sides: Side) -> Step | None:
    """Return a refusal; a person who may not decide learns nothing about the introduction."""
    return None if now.side(person) in sides else Step(now, refusal=Refusal.NOT_YOURS)


def _time(now: Introduction, at: datetime, rules: Rules) -> Step:
    if now.due_at is None:
        return Step(now, refusal=Refusal.CLOSED)
    if at < now.due_at:
        return Step(now, refusal=Refusal.TOO_EARLY)
    match now.state:
        case State.DRAFT:
            return _closed(now, Outcome.LAPSED)
        case State.QUEUED:
            return _asking(now, at, rules)
        case State.SENT | State.DELIVERED if not now.reminded and now.expires_at and at < now.expires_at:
            return Step(replace(now, reminded=True, due_at=now.expires_at), (Do.REMIND,))
        case State.SENT | State.DELIVERED:
            outcome = Outcome.NOT_ARRANGED
            return _closed(now, outcome, Retract(outcome), TellAsker(outcome))
        case State.OPENING:
            return _room(now, False, at, rules)
        case State.ARRANGED:
            due = at + rules.follow_up
            return Step(replace(now, state=State.FOLLOWED, due_at=due), (Do.ASK_IF_IT_HELPED,))
        case _:
            return _closed(now, now.outcome or Outcome.ARRANGED)


def _consented(now: Introduction, event: Consented, at: datetime, rules: Rules) -> Step:
    if now.state is not State.DRAFT:
        return Step(now, refusal=Refusal.CLOSED if now.state is State.CLOSED else Refusal.TWICE)
    if event.candidate is None or event.candidate.contact != now.contact:  # the consent was to another contact
        return _closed(now, Outcome.LAPSED)
    agreed = replace(now, contact_person=event.candidate.person, asker_shares=event.shares)
    return _with(_in_turn(agreed, event.candidate.send_at, at, rules), KeepConsent(Side.ASKER))


def _in_turn(now: Introduction, send_at: datetime, at: datetime, rules: Rules) -> Step:
    """Ask at once, or when this contact's turn comes."""
    if send_at > at:
        return Step(replace(now, state=State.QUEUED, due_at=send_at))
    return _asking(now, at, rules)


def _asking(now: Introduction, at: datetime, rules: Rules) -> Step:
    expires = rules.working_days(at + rules.expires_after, 0)
    due = min(rules.working_days(at, rules.remind_after), expires)
    return Step(replace(now, state=State.SENT, due_at=due, expires_at=expires, reminded=False), (Do.ASK_CONTACT,))


def _withdrawn(now: Introduction) -> Step:
    if now.state is State.CLOSED:
        return Step(now, refusal=Refusal.CLOSED)
    if now.state in AFTER:
        return Step(now, refusal=Refusal.TOO_LATE)
    effects: list[Effect] = [] if now.state is State.DRAFT else [Do.END_CONSENT]
    if now.state in ASKED or now.state is State.OPENING:
        effects.append(Retract(Outcome.WITHDRAWN))
    return _closed(now, Outcome.WITHDRAWN, *_no_room(now), *effects)


def _answered(now: Introduction, event: Answered, at: datetime, rules: Rules) -> Step:
    if now.state not in ASKED and not (now.state is State.OPENING and event.answer is ContactAnswer.NO):
        return Step(now, refusal=_why_not(now))
    match event.answer:
        case ContactAnswer.YES:
            return _accepted(now, event, at, rules)
        case ContactAnswer.DEPUTY if event.onward is None or now.forwarded:
            return Step(now, refusal=Refusal.NOBODY_ELSE)
        case ContactAnswer.DEPUTY | ContactAnswer.NOT_MY_TOPIC if event.onward and not now.forwarded:
            return _onward(replace(now, forwarded=True), event.onward, at, rules)
        case _:
            effects = (*_no_room(now), *((Do.BLOCK,) if event.answer is ContactAnswer.NEVER_AGAIN else ()))
            return _closed(now, Outcome.NOT_ARRANGED, *effects, TellAsker(Outcome.NOT_ARRANGED))


def _objected(now: Introduction, event: Objected, at: datetime, rules: Rules) -> Step:
    """Return the step to the next contact; without one, the asker sees a decline."""
    if now.state not in WAITING and now.state is not State.OPENING:
        return Step(now, refusal=Refusal.CLOSED if now.state is State.CLOSED else Refusal.TOO_LATE)
    spared: tuple[Effect, ...] = (Do.SPARE_CONTACT,) if now.state in ASKED else ()
    if event.onward and now.state in WAITING:
        return _with(_onward(now, event.onward, at, rules), *spared)
    outcome = Outcome.NOT_ARRANGED
    return _closed(now, outcome, *_no_room(now), *spared, TellAsker(outcome))


def _why_not(now: Introduction) -> Refusal:
    if now.state is State.CLOSED:
        return Refusal.CLOSED
    return Refusal.TWICE if now.state is State.OPENING or now.state in AFTER else Refusal.TOO_EARLY


def _accepted(now: Introduction, event: Answered, at: datetime, rules: Rules) -> Step:
    agreed = replace(now, contact_shares=event.shares)
    if event.room:
        opening = replace(agreed, state=State.OPENING, due_at=at + rules.room_within)
        return Step(opening, (KeepConsent(Side.CONTACT), Do.OPEN_ROOM))
    return _with(_arranged(agreed, at, rules, Do.EXCHANGE), KeepConsent(Side.CONTACT))


def _room(now: Introduction, opened: bool, at: datetime, rules: Rules) -> Step:
    if now.state is not State.OPENING:
        return Step(now, refusal=Refusal.TOO_LATE)
    return _arranged(replace(now, room=opened), at, rules, Do.TELL_OF_ROOM if opened else Do.EXCHANGE)


def _arranged(now: Introduction, at: datetime, rules: Rules, effect: Effect) -> Step:
    due = at + rules.follow_up_after
    return Step(replace(now, state=State.ARRANGED, outcome=Outcome.ARRANGED, due_at=due), (effect,))


def _not_reached(now: Introduction, onward: ContactCandidate | None, at: datetime, rules: Rules) -> Step:
    effects: tuple[Effect, ...] = (GiveBack(now.round), *((Do.TELL_ADMINS,) if now.state in ASKED else ()))
    if onward is None:
        return _closed(now, Outcome.UNREACHED, *effects, TellAsker(Outcome.UNREACHED))
    return _with(_onward(now, onward, at, rules), *effects, TellAsker(None))


def _onward(now: Introduction, onward: ContactCandidate, at: datetime, rules: Rules) -> Step:
    """Return the step to the next contact; ``tried`` grows each time and no contact is tried twice, so this ends."""
    passed = replace(
        now, contact=onward.contact, contact_person=onward.person, tried=(*now.tried, now.contact), round=now.round + 1
    )
    return _in_turn(passed, onward.send_at, at, rules)


def _erased(now: Introduction, person: str) -> Step:
    side = now.side(person)
    if side is None:
        return Step(now, refusal=Refusal.NOT_YOURS)
    gone = _without(now, side)
    if now.state is State.CLOSED:
        return Step(gone)
    if now.state in AFTER:
        return Step(gone) if gone.asker or gone.contact_person else _closed(gone, Outcome.ARRANGED)
    effects: tuple[Effect, ...] = _no_room(now)
    if side is Side.ASKER and (now.state in ASKED or now.state is State.OPENING):
        effects = (*effects, Retract(Outcome.UNAVAILABLE))
    elif side is Side.CONTACT and now.state is not State.DRAFT:
        effects = (*effects, TellAsker(Outcome.UNAVAILABLE))
    return _closed(gone, Outcome.UNAVAILABLE, *effects)


def _without(now: Introduction, side: Side) -> Introduction:
    """Return the introduction without what this side wrote or showed."""
    if side is Side.ASKER:
        return replace(now, asker="", asker_shares=(), question="")
    return replace(now, contact_person="", contact_shares=())


def _helped(now: Introduction, event: SaidWhetherItHelped) -> Step:
    side = now.side(event.person)
    if now.state is not State.FOLLOWED or side is None:
        return Step(now, refusal=Refusal.TOO_LATE if now.state is State.CLOSED else Refusal.TOO_EARLY)
    if side in now.answered:
        return Step(now, refusal=Refusal.TWICE)
    noted = replace(now, answered=(*now.answered, side))
    if len(noted.answered) == len(Side):
        return _closed(noted, Outcome.ARRANGED, Count(event.how))
    return Step(noted, (Count(event.how),))


def _posted(now: Introduction) -> Step:
    if now.state is not State.CLOSED or now.outcome is Outcome.ARRANGED:
        return Step(now, refusal=Refusal.TOO_EARLY)
    if now.posted:
        return Step(now, refusal=Refusal.TWICE)
    return Step(replace(now, posted=True), (Do.TELL_EDITORS,))


def _no_room(now: Introduction) -> tuple[Effect, ...]:
    return (Do.CANCEL_ROOM,) if now.state is State.OPENING else ()


def _closed(now: Introduction, outcome: Outcome, *effects: Effect) -> Step:
    """Return the end; what was to be shown is not kept."""
    gone = replace(now, asker_shares=(), contact_shares=(), reminded=False)
    return Step(replace(gone, state=State.CLOSED, outcome=outcome, due_at=None), effects)


def _with(done: Step, *before: Effect) -> Step:
    return replace(done, effects=(*before, *done.effects))
