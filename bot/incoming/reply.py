"""The answer to a message: stored together with the mark that the message is handled."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from bot.channels.port import Channel, EditsInPlace
from bot.context import Turn
from bot.messages import Happening, Inbound, MessageAudience, Say, Url
from bot.messages.envelope import Envelope
from bot.messages.readership import audience_of
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.language.detect import guess_language
from knowledge_base.store.inbox import InboxRow
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.transaction import Transaction

SORRY = Say("error.sorry")
EXPLAINED, EXPLAINED_LASTS = "author explained", timedelta(days=30)
FAREWELL = "forget.done"  # the last thing said to somebody who is not known any more


class HandledElsewhereError(Exception):
    """Another process has handled the message meanwhile, or its author took it back; this attempt is rolled back."""


async def reply(tx: Transaction, row: InboxRow, turn: Turn, say: Say, footer: Say | None = None) -> None:
    """Store the answer, with ``footer`` below it, and mark the message handled, together."""
    farewell = say.key == FAREWELL
    place = turn.inbound.address
    handles: Sequence[str] = ()
    if turn.buttons:
        handles = await tx.buttons.make(
            (place.channel, place.conversation, place.thread), turn.person.id, turn.reply_id,
            [choice.command for choice in say.choices],
        )  # fmt: skip
    envelope = Envelope(
        say,
        say.language or turn.language,
        audience_of(say.key, private=turn.inbound.private),
        (turn.inbound.user,),
        thread=place.thread,
        answers=_question(turn.inbound),
        replaces=turn.replaces,
        footer=footer,
        flat=not turn.room.threads,
        farewell=farewell,
        handles=tuple(handles),
    )
    await tx.outbox.add(
        row.channel,
        row.conversation,
        envelope.to_json(),
        urgency=Urgency.ANSWER,
        message_id=turn.reply_id,
        person_id=turn.person.id if turn.inbound.private and not farewell else None,  # a room gone is no person gone
    )
    await tx.outbox.first_of_all(turn.reply_id)  # what it announces comes after it
    if not await tx.inbox.done(row):
        raise HandledElsewhereError


def _question(inbound: Inbound) -> str:
    """Return the message that an answer names; in a room, a change of its members is none to be quoted."""
    of_members = inbound.happening in (Happening.JOINED, Happening.GROWN) and not inbound.private
    return "" if of_members else inbound.reference


async def say_sorry(tx: Transaction, row: InboxRow) -> None:
    """A neutral sentence, made without anything that may be what broke."""
    known: Mapping[str, Any] = row.payload or {}
    person = await tx.people.of_account(row.channel, row.user_id)
    chosen, last = (person.language, person.last_language) if person else (None, None)
    envelope = Envelope(
        SORRY,
        chosen or last or DEFAULT_LANGUAGE,
        MessageAudience.ROOM,
        thread=known.get("address", {}).get("thread", ""),
        answers=known.get("message") or row.event_id,
    )
    await tx.outbox.add(row.channel, row.conversation, envelope.to_json(), urgency=Urgency.ANSWER)


async def retract(tx: Transaction, channels: Mapping[str, Channel], inbound: Inbound) -> None:
    """Forget a question that its author deleted, and what the answer to it says, where the network lets the bot."""
    place = inbound.address
    answer = await tx.answers.retract(place.channel, inbound.refers_to)
    if answer is None or not isinstance(channels.get(place.channel), EditsInPlace):
        return
    said = Say("ask.retracted")
    envelope = Envelope(said, answer[1], MessageAudience.ROOM, thread=place.thread, replaces=answer[0])
    await tx.outbox.add(place.channel, place.conversation, envelope.to_json(), urgency=Urgency.ANSWER)


async def explain(tx: Transaction, row: InboxRow, inbound: Inbound, secret: bytes) -> bool:
    """Say why what was not written as a person gets no answer; return whether it was not said there before."""
    place = inbound.address
    who = [f"{place.channel}:{place.conversation}:{inbound.user}:{inbound.refers_to}"]
    if await tx.tallies.count(secret, EXPLAINED, who, within=EXPLAINED_LASTS):
        return False
    await tx.tallies.add(secret, EXPLAINED, who, lasting=EXPLAINED_LASTS)
    envelope = Envelope(
        Say(f"author.{inbound.refers_to}"),
        guess_language(inbound.text) or DEFAULT_LANGUAGE,
        MessageAudience.ROOM,
        thread=place.thread,
        answers=inbound.reference,
    )
    return await tx.outbox.add(row.channel, row.conversation, envelope.to_json(), urgency=Urgency.ANSWER)


def notice(inbound: Inbound, private_chat: str) -> Say:
    """Return what the bot says about something that is no question; ``private_chat``: see ``Turn``."""
    match inbound.happening:
        case Happening.MISSED:
            return Say("missed", {"count": int(inbound.text)})
        case Happening.GROWN:
            return Say("room.grown", {"chat": Url(private_chat)})
        case Happening.EXPLAINED:
            return Say(f"hint.{inbound.text}")
        case Happening.COMPARE:
            return Say("compare", {"emojis": inbound.text})
    return Say("unreadable")
