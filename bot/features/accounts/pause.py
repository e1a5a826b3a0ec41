"""Pause requests for a time or permanently, and resume them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.commands.account import Pause, Refuse, Resume
from bot.context import Act, Serves, Services, Turn
from bot.features import introductions
from bot.messages import Say
from knowledge_base.store.transaction import Transaction

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)  # until they say so
INTRO, DIGEST = "intro", "digest"


async def pause(turn: Turn, intent: Pause, _services: Services) -> Act:
    """No introductions and no digests for some days, or until the person says so."""

    async def act(tx: Transaction) -> Say:
        until = tx.now + timedelta(days=intent.days) if intent.days else FOREVER
        if intent.part in ("", INTRO):
            await tx.profiles.set(turn.person.id, paused_until=until)
        if intent.part in ("", DIGEST):
            await _pause_digest(tx, turn, until)
        return Say(
            "pause.done",
            {
                "what": Say(f"pause.{intent.part or 'both'}"),
                "until": (Say("pause.days", {"count": intent.days}) if intent.days else Say("pause.open")),
            },
        )

    return act


async def resume(turn: Turn, intent: Resume, _services: Services) -> Act:
    """The end of a pause, and of a wish not to be introduced."""

    async def act(tx: Transaction) -> Say:
        if intent.part in ("", INTRO):
            await tx.profiles.set(turn.person.id, paused_until=None, refuses=False)
        if intent.part in ("", DIGEST):
            await _pause_digest(tx, turn, None)
        return Say("pause.over", {"what": Say(f"pause.{intent.part or 'both'}")})

    return act


async def refuse(turn: Turn, _intent: Refuse, services: Services) -> Act:
    """Stop all introductions to this person; an objection needs no reason."""

    async def act(tx: Transaction) -> Say:
        await introductions.object_to_all(tx, services, turn.person.id)
        return Say("refuse.done")

    return act


async def _pause_digest(tx: Transaction, turn: Turn, until: datetime | None) -> None:
    subscription = await tx.subscriptions.of_person(turn.person.id)
    if subscription is not None:
        await tx.subscriptions.save(replace(subscription, paused_until=until))


SERVES: Serves = {Pause: pause, Resume: resume, Refuse: refuse}
