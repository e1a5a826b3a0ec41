"""An event applied to an introduction: decided, saved and carried out in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.context import Services
from bot.features.introductions import notify as telling
from bot.features.introductions.candidates import onward
from bot.features.introductions.dedup_keys import remind_key, request_key, room_key
from bot.messages.without_links import LONGEST
from knowledge_base.errors import ChangedMeanwhileError
from knowledge_base.ingest.personal_data import masked
from knowledge_base.introductions.machine import Rules, step
from knowledge_base.introductions.values import (
    ASKED,
    Answered,
    Count,
    Do,
    Effect,
    Erased,
    Event,
    GiveBack,
    Introduction,
    KeepConsent,
    Outcome,
    Refusal,
    Retract,
    Side,
    State,
    TellAsker,
    TimeCame,
    Undeliverable,
)
from knowledge_base.store.consents import ConsentAction, ConsentEntry, hash_of
from knowledge_base.store.open_questions import QuestionAudience
from knowledge_base.store.transaction import Transaction
from knowledge_base.working_days import later

RULES = Rules(later)


@dataclass(frozen=True, slots=True)
class Evidence:
    """How a person said yes or no: what the ledger of consents keeps of it."""

    channel: str  # "matrix", "telegram", "email" … ; for a page the channel that its link went to
    event_id: str  # the network's id of the message or press; for a page the hash of its token
    method: str  # command | button | page
    wording: str = ""  # of what was shown: ``bot.features.privacy_notice.version``
    shown: str = ""  # the text itself, exactly as it was shown; only its hash is kept


NOBODY = Evidence("", "", "clock")  # what happens by itself


@dataclass(frozen=True, slots=True)
class Applied:
    """What an event came to; with a ``refusal`` nothing was stored."""

    introduction: Introduction
    refusal: Refusal | None = None


@dataclass(frozen=True, slots=True)
class _Work:
    tx: Transaction
    services: Services
    before: Introduction
    now: Introduction
    evidence: Evidence


async def apply(
    tx: Transaction, services: Services, before: Introduction, event: Event, evidence: Evidence = NOBODY
) -> Applied:
    """Decide, save, and carry out what follows; a request that cannot go out is passed on at once.

    ``ChangedMeanwhileError`` when another process changed the introduction meanwhile: the whole transaction must be
    repeated.
    """
    done = step(before, event, tx.now, RULES)
    if done.refusal:
        return Applied(before, done.refusal)
    must_cancel = Do.CANCEL_ROOM in done.effects and not isinstance(event, Erased)
    if must_cancel and not await tx.outbox.take_back([room_key(before)]):
        return Applied(before, Refusal.TOO_LATE)
    if not await tx.introductions.save(before, done.introduction):
        raise ChangedMeanwhileError("The introduction was changed by another process meanwhile.")
    now = replace(done.introduction, version=before.version + 1)
    await _note_silence(tx, before, now, event)
    work = _Work(tx, services, before, now, evidence)
    await _plan(work)
    reached = [await _carry_out(work, effect) for effect in done.effects]
    await _count(work)
    if not all(reached):
        return await apply(tx, services, now, Undeliverable(now.round, await onward(tx, services, now)))
    return Applied(now)


async def _note_silence(tx: Transaction, before: Introduction, now: Introduction, event: Event) -> None:
    """Count a request that expired without an answer of its contact; any answer begins the count anew."""
    match event:
        case TimeCame() if before.state in ASKED and now.outcome is Outcome.NOT_ARRANGED:
            await tx.contact_checks.expired(before.contact)
        case Answered():
            await tx.contact_checks.answered([before.contact])


async def _plan(work: _Work) -> None:
    """Return whether an effect takes a turn at a contact, now or later: it is taken for all other askers."""
    now = work.now
    if now.state is State.QUEUED and now.due_at:
        await work.tx.introductions.plan(now, now.due_at)
    elif now.state is State.SENT:
        await work.tx.introductions.plan(now, work.tx.now)


async def _carry_out(work: _Work, effect: Effect) -> bool:  # noqa: C901 - one case per effect
    """``False`` when the request has no way to the contact."""
    tx, services, now = work.tx, work.services, work.now
    match effect:
        case Do.ASK_CONTACT:
            return await telling.request(tx, services, now)
        case Do.REMIND:
            await telling.remind(tx, services, now)
        case Do.SPARE_CONTACT:
            await _spare(work)
        case TellAsker(outcome):
            await telling.asker(tx, services, now, outcome)
        case Retract(outcome):
            await _retract(work, outcome)
        case GiveBack(number):
            await tx.introductions.give_back(now.id, number)
        case KeepConsent(side):
            await _keep(work, now.asker if side is Side.ASKER else now.contact_person, ConsentAction.GIVEN)
        case Do.END_CONSENT:
            await _keep(work, work.before.asker, ConsentAction.WITHDRAWN)
        case Do.OPEN_ROOM:
            await telling.room(tx, now)
        case Do.TELL_OF_ROOM:
            await telling.of_room(tx, services, now)
        case Do.EXCHANGE:
            await telling.exchange(tx, services, now)
        case Do.ASK_IF_IT_HELPED:
            await telling.follow_up(tx, services, now)
        case Count(how):
            await tx.introductions.count(f"helped {how}")
        case Do.BLOCK:
            await tx.blocks.add(services.secret, now.contact_person, now.asker)
        case Do.TELL_EDITORS:
            text = masked(now.question)
            number = await tx.answers.not_answered(text, " ".join(text.casefold().split())[:500], "de")
            await tx.open_questions.keep(number, now.asker, text[:LONGEST], "de", audience=QuestionAudience.EDITORS)
        case Do.TELL_ADMINS:
            await telling.admins(tx, services, work.before)
        case Do.CANCEL_ROOM:
            await tx.outbox.take_back([room_key(work.before)])
    return True


async def _retract(work: _Work, outcome: Outcome) -> None:
    """Withdraw a request that never reached its contact; its turn is free again."""
    if not await _spare(work):
        await telling.contact(work.tx, work.services, work.now, outcome)


async def _spare(work: _Work) -> bool:
    """What of the request has not left stays here; ``True``: nothing has, and its turn is free again."""
    asked = work.before
    back = await work.tx.outbox.take_back([request_key(asked), remind_key(asked)])
    if request_key(asked) not in back:
        return False
    await work.tx.introductions.give_back(asked.id, asked.round)
    return True


async def _keep(work: _Work, person: str, kind: ConsentAction) -> None:
    evidence = work.evidence
    if not person:
        return
    await work.tx.consents.add(
        ConsentEntry(
            subject=person,
            purpose=purpose_of(work.now),
            what=kind,
            wording=evidence.wording,
            text_hash=hash_of(evidence.shown) if evidence.shown else "",
            channel=evidence.channel,
            event_id=evidence.event_id,
            method=evidence.method,
        )
    )


async def _count(work: _Work) -> None:
    """Figures without names, and the end of the consents when their purpose ends."""
    before, now = work.before, work.now
    if now.outcome and before.outcome is None and now.outcome is not Outcome.LAPSED:
        await work.tx.introductions.count(now.outcome)
    if before.state is State.DRAFT and now.state in (State.QUEUED, State.SENT):
        await work.tx.introductions.count("asked")
    if now.state is State.CLOSED and before.state is not State.CLOSED:
        for person in filter(None, (now.asker, now.contact_person)):
            if await work.tx.consents.holds(person, purpose_of(now)):
                await _keep(replace(work, evidence=NOBODY), person, ConsentAction.ENDED)


def purpose_of(introduction: Introduction) -> str:
    """What a consent is given for."""
    return f"introduction:{introduction.id}"
