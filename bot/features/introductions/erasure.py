"""Before a person's data are deleted: what they are part of is closed, and the other side told."""

from __future__ import annotations

from datetime import timedelta

from bot.context import Services
from bot.features.introductions.candidates import caps_of
from bot.features.introductions.dedup_keys import outcome_key
from bot.features.introductions.notify import no_longer
from bot.features.introductions.transitions import apply
from bot.outgoing.notify import NOTE
from knowledge_base.introductions.limits import DAY, TAKES_NO_SLOT, not_again
from knowledge_base.introductions.limits import Before as Nothing
from knowledge_base.introductions.values import AFTER, Erased, Introduction, Side, State
from knowledge_base.store.transaction import Transaction

ASKED_TODAY = "introduction"
PAUSED = "introduction pause"


async def erase(tx: Transaction, services: Services, person_id: str) -> int:
    """Close every introduction of a person; returns how many were still open. Call it before the person is deleted.

    What limits introductions lives on as keyed hashes, so that erasing and coming back lifts no limit.
    """
    await tx.introductions.hold([introduction.id for introduction in await tx.introductions.of(person_id)])
    mine = await tx.introductions.of(person_id)
    who = await tx.tallies.identities(person_id)
    await _remember(tx, services, who, [introduction for introduction in mine if introduction.asker == person_id])
    for introduction in mine:
        if introduction.state in AFTER:
            await _take_back(tx, services, introduction, person_id)
        held = await tx.introductions.get(introduction.id)
        if held is not None:
            await apply(tx, services, held, Erased(person_id))
    return sum(introduction.open for introduction in mine)


async def _take_back(tx: Transaction, services: Services, introduction: Introduction, person_id: str) -> None:
    """Keep back data that are not sent yet to the other side, and expire pages that are not read yet."""
    await tx.pages.end(NOTE, introduction.id)
    other = Side.CONTACT if introduction.asker == person_id else Side.ASKER
    if await tx.outbox.take_back([outcome_key(introduction, other)]):
        await no_longer(tx, services, introduction, other)


async def carry(tx: Transaction, services: Services, person_id: str, identities: list[str]) -> None:
    """Apply the request limits of a person also to these accounts when they are separated."""
    mine = await tx.introductions.of(person_id, Side.ASKER)
    await _remember(tx, services, identities, mine)


async def _remember(tx: Transaction, services: Services, who: list[str], mine: list[Introduction]) -> None:
    for introduction in mine:
        if (
            introduction.state is not State.DRAFT
            and introduction.outcome not in TAKES_NO_SLOT
            and introduction.created_at > tx.now - DAY
        ):
            await tx.tallies.add(services.secret, ASKED_TODAY, who, lasting=DAY)
    caps = caps_of(services.settings)
    for contact in not_again(mine, Nothing(), tx.now, caps):
        await tx.tallies.add(services.secret, PAUSED, [f"{owner} {contact}" for owner in who], lasting=caps.pause)


async def remembered(tx: Transaction, services: Services, person_id: str, contacts: tuple[str, ...]) -> Nothing:
    """Return the limits that still hold for a person who erased everything and came back, for these contacts."""
    who = await tx.tallies.identities(person_id)
    today = await tx.tallies.count(services.secret, ASKED_TODAY, who, within=DAY)
    pause = max(caps_of(services.settings).pause, timedelta(days=1))
    paused = [
        contact
        for contact in contacts
        if await tx.tallies.count(services.secret, PAUSED, [f"{owner} {contact}" for owner in who], within=pause)
    ]
    return Nothing(today, frozenset(paused))
