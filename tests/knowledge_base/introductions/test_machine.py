"""The state machine of introductions, event by event and in any order."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge_base.introductions.machine import Rules, step
from knowledge_base.introductions.values import (
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
    Helped,
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
from knowledge_base.working_days import later

MONDAY = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
RULES = Rules(later)
ANNA, RAD, BAU = "anna", "rad", "bau"
MAIL = (("email", "rad@stadt.example"),)
NEXT = ContactCandidate("c-bau", BAU, MONDAY)


def draft(**changes: object) -> Introduction:
    values: dict[str, object] = {
        "id": "i1", "code": "K7P2M", "asker": ANNA, "contact": "c-rad", "contact_person": "", "project": "p1",
        "question": "Wie?", "created_at": MONDAY, "due_at": MONDAY + RULES.draft,
    }  # fmt: skip
    return Introduction(**(values | changes))  # type: ignore[arg-type]


def after(*events: Event, at: datetime = MONDAY, start: Introduction | None = None) -> Step:
    """Apply the events and return the last step; only the last event may be refused."""
    done = Step(start or draft())
    for event in events:
        assert done.refusal is None, event
        done = step(done.introduction, event, at, RULES)
    return done


CONSENTED = Consented(ANNA, ContactCandidate("c-rad", RAD, MONDAY), (("matrix", "@anna:stadt.example"),))
YES = Answered(RAD, ContactAnswer.YES, MAIL)
TO_ROOM = Answered(RAD, ContactAnswer.YES, MAIL, room=True)


def test_introduction_is_arranged_when_both_sides_agree() -> None:
    asked = after(CONSENTED)
    assert asked.effects == (KeepConsent(Side.ASKER), Do.ASK_CONTACT)
    assert asked.introduction.state is State.SENT
    delivered = after(CONSENTED, Delivered(1))
    assert delivered.introduction.state is State.DELIVERED
    arranged = after(CONSENTED, Delivered(1), YES)
    assert arranged.effects == (KeepConsent(Side.CONTACT), Do.EXCHANGE)
    assert arranged.introduction.outcome is Outcome.ARRANGED
    assert arranged.introduction.contact_shares == MAIL


def test_reminder_comes_after_three_working_days_and_expiry_after_two_weeks() -> None:
    asked = after(CONSENTED, at=datetime(2026, 12, 18, 9, 0, tzinfo=UTC)).introduction  # a Friday
    assert asked.due_at == datetime(2026, 12, 23, 9, 0, tzinfo=UTC)
    assert asked.expires_at == datetime(2027, 1, 4, 9, 0, tzinfo=UTC)  # 1 January is a holiday, then a weekend
    reminded = step(asked, TimeCame(), asked.due_at, RULES)
    assert reminded.effects == (Do.REMIND,)
    assert reminded.introduction.due_at == asked.expires_at
    ended = step(reminded.introduction, TimeCame(), asked.expires_at, RULES)
    assert ended.effects == (Retract(Outcome.NOT_ARRANGED), TellAsker(Outcome.NOT_ARRANGED))


def test_declined_and_expired_introductions_look_the_same_afterwards() -> None:
    declined = after(CONSENTED, Delivered(1), Answered(RAD, ContactAnswer.NO))
    never = after(CONSENTED, Delivered(1), Answered(RAD, ContactAnswer.NEVER_AGAIN))
    waiting = after(CONSENTED, Delivered(1)).introduction
    expired = step(replace(waiting, reminded=True), TimeCame(), MONDAY + timedelta(days=30), RULES)
    for one in (declined, never, expired):
        same = replace(one.introduction, ended_at=declined.introduction.ended_at)
        assert same == declined.introduction
        assert TellAsker(Outcome.NOT_ARRANGED) in one.effects
    assert Do.BLOCK in never.effects


def test_contact_with_too_many_requests_is_asked_later() -> None:
    monday_next = MONDAY + timedelta(days=7)
    queued = after(Consented(ANNA, ContactCandidate("c-rad", RAD, monday_next)))
    assert queued.introduction.state is State.QUEUED
    assert Do.ASK_CONTACT not in queued.effects
    assert step(queued.introduction, TimeCame(), MONDAY, RULES).refusal is Refusal.TOO_EARLY
    asked = step(queued.introduction, TimeCame(), monday_next, RULES)
    assert asked.effects == (Do.ASK_CONTACT,)


def test_introduction_lapses_when_its_contact_changed_before_the_consent() -> None:
    for candidate in (NEXT, None):
        ended = after(Consented(ANNA, candidate))
        assert ended.introduction.outcome is Outcome.LAPSED
        assert ended.effects == ()


def test_introduction_goes_to_the_next_contact_when_the_first_is_unreachable() -> None:
    onward = after(CONSENTED, Undeliverable(1, NEXT))
    assert onward.effects == (GiveBack(1), Do.TELL_ADMINS, TellAsker(None), Do.ASK_CONTACT)
    assert (onward.introduction.contact_person, onward.introduction.tried, onward.introduction.round) == (
        BAU, ("c-rad",), 2,
    )  # fmt: skip
    assert step(onward.introduction, Undeliverable(1), MONDAY, RULES).refusal is Refusal.TOO_LATE
    over = step(onward.introduction, Undeliverable(2), MONDAY, RULES)
    assert over.introduction.outcome is Outcome.UNREACHED
    assert over.effects == (GiveBack(2), Do.TELL_ADMINS, TellAsker(Outcome.UNREACHED))


@pytest.mark.parametrize("answer", [ContactAnswer.DEPUTY, ContactAnswer.NOT_MY_TOPIC])
def test_contact_can_pass_on_a_request_only_once(answer: ContactAnswer) -> None:
    passed = after(CONSENTED, Answered(RAD, answer, onward=NEXT))
    assert passed.effects == (Do.ASK_CONTACT,)
    assert step(passed.introduction, YES, MONDAY, RULES).refusal is Refusal.NOT_YOURS
    again = step(
        passed.introduction, Answered(BAU, answer, onward=ContactCandidate("c3", "third", MONDAY)), MONDAY, RULES
    )
    if answer is ContactAnswer.DEPUTY:
        assert again.refusal is Refusal.NOBODY_ELSE
    else:
        assert again.introduction.outcome is Outcome.NOT_ARRANGED


def test_contact_data_is_exchanged_when_the_room_does_not_open() -> None:
    opening = after(CONSENTED, TO_ROOM)
    assert opening.effects == (KeepConsent(Side.CONTACT), Do.OPEN_ROOM)
    assert step(opening.introduction, RoomOpened(), MONDAY, RULES).effects == (Do.TELL_OF_ROOM,)
    for event, at in ((RoomFailed(), MONDAY), (TimeCame(), MONDAY + RULES.room_within)):
        failed = step(opening.introduction, event, at, RULES)
        assert failed.effects == (Do.EXCHANGE,)
        assert not failed.introduction.room


@pytest.mark.parametrize(
    ("before", "effects"),
    [
        ((), ()),
        ((Consented(ANNA, ContactCandidate("c-rad", RAD, MONDAY + timedelta(days=2))),), (Do.END_CONSENT,)),
        ((CONSENTED,), (Do.END_CONSENT, Retract(Outcome.WITHDRAWN))),
        ((CONSENTED, TO_ROOM), (Do.CANCEL_ROOM, Do.END_CONSENT, Retract(Outcome.WITHDRAWN))),
    ],
)
def test_withdrawal_is_told_to_the_contact_only_after_the_contact_was_asked(
    before: tuple[Event, ...], effects: tuple[Effect, ...]
) -> None:
    done = after(*before, Withdrew(ANNA))
    assert (done.introduction.outcome, done.effects) == (Outcome.WITHDRAWN, effects)


def test_asker_cannot_withdraw_after_the_contact_agreed() -> None:
    assert after(CONSENTED, YES, Withdrew(ANNA)).refusal is Refusal.TOO_LATE


def test_contact_can_decline_until_the_room_is_open() -> None:
    done = after(CONSENTED, TO_ROOM, Answered(RAD, ContactAnswer.NO))
    assert done.effects == (Do.CANCEL_ROOM, TellAsker(Outcome.NOT_ARRANGED))


def test_erasure_informs_the_other_side_once_and_leaves_no_data() -> None:
    asker = after(CONSENTED, Erased(ANNA))
    assert asker.effects == (Retract(Outcome.UNAVAILABLE),)
    assert (asker.introduction.asker, asker.introduction.question, asker.introduction.asker_shares) == ("", "", ())
    contact = after(CONSENTED, Erased(RAD))
    assert contact.effects == (TellAsker(Outcome.UNAVAILABLE),)
    assert after(CONSENTED, YES, Erased(ANNA)).effects == ()
    assert after(CONSENTED, YES, Erased(ANNA), Erased(RAD)).introduction.state is State.CLOSED


def test_objection_goes_to_the_next_contact_or_looks_like_a_refusal() -> None:
    onward = after(CONSENTED, Delivered(1), Objected(RAD, NEXT))
    assert onward.effects == (Do.SPARE_CONTACT, Do.ASK_CONTACT)
    assert (onward.introduction.contact, onward.introduction.round) == ("c-bau", 2)
    assert not onward.introduction.forwarded, "the next one may still pass it on"
    over = after(CONSENTED, Delivered(1), Objected(RAD))
    declined = after(CONSENTED, Delivered(1), Answered(RAD, ContactAnswer.NO))
    assert over.introduction == declined.introduction
    assert over.effects[-1] == declined.effects[-1] == TellAsker(Outcome.NOT_ARRANGED)
    assert after(CONSENTED, Objected(ANNA)).refusal is Refusal.NOT_YOURS
    assert after(CONSENTED, YES, Objected(RAD, NEXT)).refusal is Refusal.TOO_LATE
    opening = after(CONSENTED, TO_ROOM, Objected(RAD, NEXT))
    assert opening.effects == (Do.CANCEL_ROOM, TellAsker(Outcome.NOT_ARRANGED))


def test_each_side_can_say_once_whether_the_introduction_helped() -> None:
    arranged = after(CONSENTED, YES).introduction
    asked = step(arranged, TimeCame(), MONDAY + RULES.follow_up_after, RULES)
    assert asked.effects == (Do.ASK_IF_IT_HELPED,)
    yes, no = SaidWhetherItHelped(ANNA, Helped.YES), SaidWhetherItHelped(RAD, Helped.NO)
    one = step(asked.introduction, yes, MONDAY, RULES)
    assert one.effects == (Count(Helped.YES),)
    assert step(one.introduction, yes, MONDAY, RULES).refusal is Refusal.TWICE
    both = step(one.introduction, no, MONDAY, RULES)
    assert both.effects == (Count(Helped.NO),)
    assert both.introduction.state is State.CLOSED


def test_asker_can_send_the_question_to_the_editors_once() -> None:
    declined = after(CONSENTED, Answered(RAD, ContactAnswer.NO)).introduction
    posted = step(declined, ForEditors(ANNA), MONDAY, RULES)
    assert posted.effects == (Do.TELL_EDITORS,)
    assert step(posted.introduction, ForEditors(ANNA), MONDAY, RULES).refusal is Refusal.TWICE


PEOPLE = st.sampled_from([ANNA, RAD, BAU, "stranger", ""])
CANDIDATES = st.none() | st.builds(
    ContactCandidate, st.sampled_from(["c-rad", "c-bau", "c-third"]), st.sampled_from([RAD, BAU]),
    st.sampled_from([MONDAY, MONDAY + timedelta(days=6)]),
)  # fmt: skip
EVENTS = st.one_of(
    st.builds(Consented, PEOPLE, CANDIDATES),
    st.builds(Withdrew, PEOPLE),
    st.builds(Answered, PEOPLE, st.sampled_from(ContactAnswer), st.just(MAIL), st.booleans(), CANDIDATES),
    st.builds(Delivered, st.integers(1, 3)),
    st.builds(Undeliverable, st.integers(1, 3), CANDIDATES),
    st.just(TimeCame()),
    st.builds(Objected, PEOPLE, CANDIDATES),
    st.builds(Erased, PEOPLE),
    st.sampled_from([RoomOpened(), RoomFailed()]),
    st.builds(SaidWhetherItHelped, PEOPLE, st.sampled_from(Helped)),
    st.builds(ForEditors, PEOPLE),
)


@given(st.lists(st.tuples(EVENTS, st.timedeltas(timedelta(0), timedelta(days=9))), max_size=25))
def test_any_order_of_events_keeps_consent_and_ends_the_introduction(history: list[tuple[Event, timedelta]]) -> None:
    """Data are exchanged only after both sides agreed, each side hears of one end, and time ends each introduction."""
    now, at = draft(), MONDAY
    effects: list[Effect] = []
    for event, passed in history:
        at += passed
        done = step(now, event, at, RULES)
        assert done.refusal is None or (done.introduction == now and not done.effects)
        effects += done.effects
        now = done.introduction
        assert (now.due_at is None) == (now.state is State.CLOSED)
    for _ in range(6):
        if now.due_at is not None:
            at = max(at, now.due_at)
            done = step(now, TimeCame(), at, RULES)
            now, effects = done.introduction, [*effects, *done.effects]
    assert now.state is State.CLOSED
    assert (now.asker_shares, now.contact_shares) == ((), ())
    if any(effect in (Do.EXCHANGE, Do.OPEN_ROOM) for effect in effects):
        first = next(n for n, effect in enumerate(effects) if effect in (Do.EXCHANGE, Do.OPEN_ROOM))
        assert {KeepConsent(Side.ASKER), KeepConsent(Side.CONTACT)} <= set(effects[:first])
    ends = [effect for effect in effects if isinstance(effect, TellAsker) and effect.outcome]
    assert len(ends) + sum(effect in (Do.EXCHANGE, Do.TELL_OF_ROOM) for effect in effects) <= 1
    assert sum(isinstance(effect, Retract) for effect in effects) <= 1
