"""Pause requests for a time or permanently, and resume them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

from bot.commands.account import LONGEST_PAUSE, Pause, Refuse, Resume
from bot.commands.command import fold
from bot.commands.search import Ask
from bot.commands.times import until_of
from bot.context import Act, Serves, Services, Turn, say
from bot.features import introductions
from bot.features.dialog import CANCEL, is_aside, prompt
from bot.features.search.ask import ask
from bot.features.wording import day
from bot.messages import Say
from knowledge_base.store.transaction import Transaction
from knowledge_base.working_days import BERLIN

FOREVER = datetime(9999, 12, 31, tzinfo=UTC)  # until they say so
INTRO, DIGEST = "intro", "digest"
LONGEST_SHOWN = 60  # of words that were not understood


async def pause(turn: Turn, intent: Pause, services: Services) -> Act:
    """No introductions and no digests for some days, until a day is over, or until the person says so."""
    if turn.awaited and fold(intent.until) in CANCEL:
        return say(Say("profile.cancelled"))
    if turn.awaited and intent.until and is_aside(turn.inbound.text):
        return await ask(turn, Ask(turn.inbound.text), services)

    async def act(tx: Transaction) -> Say:
        last = until_of(intent.until, tx.now.astimezone(BERLIN).date()) if intent.until else None
        if intent.until and (last is None or (last - tx.now.date()).days > LONGEST_PAUSE):
            await prompt(tx, turn, services, Pause(intent.part))
            return Say("pause.unclear", {"words": intent.until[:LONGEST_SHOWN]})
        until = _end(intent, last, tx.now)
        if intent.part in ("", INTRO):
            await tx.profiles.set(turn.person.id, paused_until=until)
        if intent.part in ("", DIGEST):
            await _pause_digest(tx, turn, until)
        return Say(
            "pause.done",
            {
                "what": Say(f"pause.{intent.part or 'both'}"),
                "until": _how_long(intent, last, turn.language),
            },
        )

    return act


def _end(intent: Pause, last: date | None, now: datetime) -> datetime:
    if last is not None:
        return datetime.combine(last + timedelta(days=1), time(), BERLIN).astimezone(UTC)
    return now + timedelta(days=intent.days) if intent.days else FOREVER


def _how_long(intent: Pause, last: date | None, language: str) -> Say:
    if last is not None:
        return Say("pause.until", {"day": day(last, language)})
    return Say("pause.days", {"count": intent.days}) if intent.days else Say("pause.open")


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
