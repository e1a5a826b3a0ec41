"""Deliberate faults in the product: the state machine must find each of them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.errors import Flaky
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy.exc import IntegrityError

from bot.features import introductions as introducing
from bot.features.introductions import contact_answers, transitions
from bot.features.introductions import notify as telling
from bot.features.introductions.transitions import Applied
from bot.outgoing import notify as notices
from knowledge_base.introductions import machine as introductions
from knowledge_base.introductions.values import (
    Delivered,
    Do,
    Erased,
    Event,
    Introduction,
    Retract,
    Side,
    State,
    Step,
    TellAsker,
    Undeliverable,
)
from knowledge_base.store.outbox import Outbox
from tests.bot.features.introductions import test_machine

Patch = pytest.MonkeyPatch
REAL_STEP = introductions.step


def _step(change: Callable[[Introduction, Event, Step], Step]) -> Callable[..., Step]:
    """The rules, with their results changed."""

    def changed(now: Introduction, event: Event, at: Any, rules: Any) -> Step:
        return change(now, event, REAL_STEP(now, event, at, rules))

    return changed


def _without(*left_out: object) -> Callable[..., Step]:
    """The rules, but without some of the effects."""

    def forget(_now: Introduction, _event: Event, done: Step) -> Step:
        return replace(
            done, effects=tuple(effect for effect in done.effects if not isinstance(effect, type(left_out[0])))
        )

    return _step(forget)


def _without_on(event: type[Any], *left_out: type[Any]) -> Callable[..., Step]:
    """The rules, but for one kind of event without some effects."""

    def forget(_now: Introduction, happened: Event, done: Step) -> Step:
        if not isinstance(happened, event):
            return done
        return replace(done, effects=tuple(effect for effect in done.effects if not isinstance(effect, left_out)))

    return _step(forget)


def event_of_every_user_counts(patch: Patch) -> None:
    patch.setattr(introductions, "_refused", lambda *_: None)


def either_of_the_two_decides(patch: Patch) -> None:
    real = introductions._refused
    patch.setattr(introductions, "_refused", lambda now, person, *_: real(now, person, *Side))


def every_user_but_the_asker_counts_as_the_contact(patch: Patch) -> None:
    def side(introduction: Introduction, person: str) -> Side | None:
        return Side.ASKER if person == introduction.asker else Side.CONTACT if person else None

    patch.setattr(Introduction, "side", side)


def news_of_an_old_round_count(patch: Patch) -> None:
    def any_round(now: Introduction, event: Event, at: Any, rules: Any) -> Step:
        late = isinstance(event, Delivered | Undeliverable)
        return REAL_STEP(now, replace(event, round=now.round) if late else event, at, rules)  # type: ignore[type-var]

    patch.setattr(transitions, "step", any_round)


def more_is_shown_than_was_chosen(patch: Patch) -> None:
    real = contact_answers._chosen

    async def all_of_it(tx: Any, one: Any, person: str, kinds: Collection[str]) -> Any:
        return await real(tx, one, person, ["all"] if kinds else [])

    patch.setattr(contact_answers, "_chosen", all_of_it)


def data_leave_with_the_request(patch: Patch) -> None:
    real = telling.request

    async def too_much(tx: Any, services: Any, introduction: Introduction) -> bool:
        await telling.exchange(tx, services, introduction)
        return await real(tx, services, introduction)

    patch.setattr(telling, "request", too_much)


def telegram_carries_everything(patch: Patch) -> None:
    patch.setattr(notices, "may_pass", lambda *_: True)


def the_end_of_a_request_is_not_told(patch: Patch) -> None:
    patch.setattr(transitions, "step", _without(Retract(telling.Outcome.WITHDRAWN)))


def the_asker_is_not_told(patch: Patch) -> None:
    patch.setattr(transitions, "step", _without(TellAsker(None)))


def a_timer_is_forgotten(patch: Patch) -> None:
    def no_timer(_now: Introduction, _event: Event, done: Step) -> Step:
        one = done.introduction
        return replace(done, introduction=replace(one, due_at=None)) if one.state is State.DELIVERED else done

    patch.setattr(transitions, "step", _step(no_timer))


def what_was_sent_counts_as_taken_back(patch: Patch) -> None:
    async def all_of_them(_outbox: Outbox, keys: Collection[str]) -> set[str]:
        return set(keys)

    patch.setattr(Outbox, "take_back", all_of_them)


def the_end_is_told_twice(patch: Patch) -> None:
    def twice(_now: Introduction, _event: Event, done: Step) -> Step:
        again = (
            [Do.EXCHANGE] if any(isinstance(effect, TellAsker) and effect.outcome for effect in done.effects) else []
        )
        return replace(done, effects=(*done.effects, *again))

    patch.setattr(transitions, "step", _step(twice))
    patch.setattr(telling, "outcome_key", lambda one, side: f"intro:{one.id}:again:{side}")


def erased_user_does_not_end_introductions(patch: Patch) -> None:
    async def nothing(*_: Any) -> int:
        return 0

    patch.setattr(introducing, "erase", nothing)


def other_side_is_not_told_of_an_erasure(patch: Patch) -> None:
    patch.setattr(transitions, "step", _without_on(Erased, Retract, TellAsker))


def an_objection_ends_nothing(patch: Patch) -> None:
    real = transitions.apply

    async def unless_objected(tx: Any, services: Any, before: Introduction, event: Event, *more: Any) -> Applied:
        if isinstance(event, introductions.Objected):
            return Applied(before)
        return await real(tx, services, before, event, *more)

    patch.setattr(contact_answers, "apply", unless_objected)


FAULTS = [
    event_of_every_user_counts,
    either_of_the_two_decides,
    every_user_but_the_asker_counts_as_the_contact,
    news_of_an_old_round_count,
    more_is_shown_than_was_chosen,
    data_leave_with_the_request,
    telegram_carries_everything,
    the_end_of_a_request_is_not_told,
    the_asker_is_not_told,
    a_timer_is_forgotten,
    what_was_sent_counts_as_taken_back,
    the_end_is_told_twice,
    erased_user_does_not_end_introductions,
    other_side_is_not_told_of_an_erasure,
    an_objection_ends_nothing,
]


@pytest.mark.campaign
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_state_machine_finds_each_deliberate_fault(fault: Callable[[Patch], None], monkeypatch: Patch) -> None:
    fault(monkeypatch)
    many = settings(
        test_machine.TestIntroducing.settings, max_examples=400, derandomize=True, database=None,
        phases=(Phase.generate,),
        print_blob=False, report_multiple_bugs=False,
    )  # fmt: skip
    with pytest.raises(Exception) as result:  # noqa: PT011 - whatever it is that fails, it must not be overlooked
        run_state_machine_as_test(test_machine.Introducing, settings=many)
    assert isinstance(result.value, AssertionError | KeyError | StopIteration | Flaky | IntegrityError), result.value
