"""Timers that expire, and delivery status of messages. A missed or repeated tick changes nothing."""

from __future__ import annotations

import structlog

from bot.context import Services
from bot.features.introductions.candidates import askable, onward, project_of
from bot.features.introductions.dedup_keys import request_key, room_key
from bot.features.introductions.transitions import apply
from knowledge_base.introductions.values import (
    ASKED,
    Delivered,
    Event,
    Introduction,
    RoomFailed,
    RoomOpened,
    State,
    TimeCame,
    Undeliverable,
)
from knowledge_base.store.transaction import Transaction

log = structlog.get_logger()

AT_ONCE = 200  # introductions looked at in one tick


async def due(services: Services, *, timers: bool = True) -> int:
    """Do all that is due, each introduction in a transaction of its own; returns how many changed.

    One that fails stops no other; it is tried again at the next tick. Without ``timers`` nothing rings, and only what
    became of messages is noted.
    """
    store = services.store
    async with store.read() as tx:
        ringing = await tx.introductions.due(AT_ONCE) if timers else []
        waiting = await _reported(tx)
    changed = 0
    for introduction_id in dict.fromkeys([*waiting, *ringing]):
        try:
            async with store.begin() as tx:
                changed += await _look(tx, services, introduction_id, timers=timers)
        except Exception:
            log.exception("introduction.failed", introduction=introduction_id)
    return changed


async def _reported(tx: Transaction) -> list[str]:
    """Return the ids of those with news from a network: of the request, of the room, or of the contact's accounts."""
    waiting = {
        key: introduction.id for introduction in await tx.introductions.under_way() if (key := _key(introduction))
    }
    states = await tx.outbox.states(waiting) if waiting else {}
    ended = [waiting[key] for key, state in states.items() if state in ("sent", "dead")]
    return [*await tx.introductions.unreachable(), *ended]


def _key(introduction: Introduction) -> str | None:
    """Return the key of the message that this introduction waits for."""
    return {State.SENT: request_key(introduction), State.OPENING: room_key(introduction)}.get(introduction.state)


async def _look(tx: Transaction, services: Services, introduction_id: str, *, timers: bool) -> bool:
    introduction = await tx.introductions.get(introduction_id)
    if introduction is None:
        return False
    event = await _delivered(tx, services, introduction)
    if event is not None:
        introduction = (await apply(tx, services, introduction, event)).introduction
    if not timers or introduction.due_at is None or introduction.due_at > tx.now:
        return event is not None
    if introduction.state is State.QUEUED and not await _still(tx, services, introduction):
        await apply(
            tx, services, introduction, Undeliverable(introduction.round, await onward(tx, services, introduction))
        )
    else:
        await apply(tx, services, introduction, TimeCame())
    return True


async def _delivered(tx: Transaction, services: Services, introduction: Introduction) -> Event | None:
    """Apply the delivery status of the request, or of the room, from the outbox; a killed process reported none."""
    if introduction.state in ASKED and not any(
        way.active for way in await tx.people.accounts(introduction.contact_person)
    ):
        return Undeliverable(introduction.round, await onward(tx, services, introduction))
    if (key := _key(introduction)) is None:
        return None
    state = (await tx.outbox.states([key])).get(key)
    if introduction.state is State.OPENING:
        return RoomOpened() if state == "sent" else RoomFailed() if state == "dead" else None
    if state == "dead":
        return Undeliverable(introduction.round, await onward(tx, services, introduction))
    return Delivered(introduction.round) if state == "sent" else None


async def _still(tx: Transaction, services: Services, introduction: Introduction) -> bool:
    """Return whether the contact next in turn may still be asked."""
    project = await project_of(tx, introduction.project)
    contacts = await askable(tx, services, project, introduction.asker) if project else []
    return introduction.contact in {contact.id for contact in contacts}
