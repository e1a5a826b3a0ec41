"""One message start to finish: who, which intent, which feature, the answer into the outbox; the error boundary.

The answer, everything that it changes, and the mark "handled" are one transaction: a message has its effect once,
whatever kills the process, and its answer is sent from the outbox.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from time import perf_counter

import structlog

from bot.features import Act, Services, Turn, ask, editing, say
from bot.features import help as guide
from bot.messages import Happening, Inbound, Say
from bot.ports import Channel
from bot.router import (
    Ask,
    Edit,
    Help,
    Intent,
    Language,
    More,
    Pick,
    Questions,
    Rate,
    Remove,
    Routed,
    Show,
    Start,
    Unknown,
    route,
)  # fmt: skip
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.store.inbox import InboxRow
from knowledge_base.store.outbox import Urgency, new_id
from knowledge_base.store.people import Person
from knowledge_base.store.transaction import Transaction

log = structlog.get_logger()

MAX_ATTEMPTS = 3  # a message that killed the process that often is given up
AN_HOUR = timedelta(hours=1)
THUMBS = {"👍": True, "👎": False}
SORRY = Say("error.sorry")


class HandledElsewhereError(Exception):
    """Another process has handled the message meanwhile; everything of this attempt is rolled back."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may do what, and how much."""

    editors: frozenset[str]  # addresses, "channel:user"
    questions_per_hour: int  # 0: as many as they like


Observe = Callable[[str, str, float], None]
"""Told ``(channel, outcome, seconds)`` of each message handled; never who or what."""


class Handler:
    """Handles one message of the inbox; called for many at once, never twice at once for one conversation."""

    def __init__(
        self,
        services: Services,
        channels: Mapping[str, Channel],
        rules: Rules,
        *,
        answered: Callable[[], None],
        observe: Observe,
    ) -> None:
        self._services = services
        self._store = services.store
        self._channels = channels
        self._rules = rules
        self._answered = answered
        self._observe = observe

    async def __call__(self, row: InboxRow) -> None:
        """The error boundary: whatever happens, the message ends handled, and its sender hears something."""
        started = perf_counter()
        with structlog.contextvars.bound_contextvars(channel=row.channel, event_id=row.event_id):
            try:
                outcome = await self._attempt(row)
            except HandledElsewhereError:
                return
            except Exception:
                log.exception("message.failed")
                outcome = await self._apologise(row)
            self._observe(row.channel, outcome, perf_counter() - started)

    async def _attempt(self, row: InboxRow) -> str:
        async with self._store.begin() as tx:
            attempts = await tx.inbox.try_again(row.seq)
            if attempts > MAX_ATTEMPTS:
                await tx.inbox.quarantine(row.seq)
        if attempts > MAX_ATTEMPTS:
            log.error("message.quarantined", attempts=attempts)
            return "quarantined"
        inbound = Inbound.from_json(row.payload)
        match inbound.happening:
            case Happening.MESSAGE:
                return await self._answer(row, inbound, route(inbound.text, private=inbound.private))
            case Happening.JOINED:
                return await self._answer(row, inbound, Routed(Start()))
            case Happening.RETRACTION:
                return await self._silently(row, lambda tx: tx.answers.retract(row.channel, inbound.refers_to))
            case Happening.REACTION:
                return await self._silently(row, lambda tx: self._rate(tx, inbound))
            case Happening.EDIT:
                return await self._silently(row)

    async def _answer(self, row: InboxRow, inbound: Inbound, routed: Routed) -> str:
        async with self._store.begin() as tx:
            person = await self._identify(tx, inbound)
            limited = await self._is_limited(tx, row)
        turn = self._turn(inbound, person, routed)
        if limited:
            act, outcome = say(Say("limit.questions", {"limit": self._rules.questions_per_hour})), "limited"
        else:
            if channel := self._channels.get(row.channel):
                await channel.working(inbound.address)
            act, outcome = await self._feature(turn, routed.intent), type(routed.intent).__name__.lower()
        async with self._store.begin() as tx:
            await self._reply(tx, row, turn, await act(tx))
        self._answered()
        return outcome

    async def _feature(self, turn: Turn, intent: Intent) -> Act:  # noqa: C901 - one line per intent
        services = self._services
        match intent:
            case Start():
                return await guide.start(services)
            case Help():
                return await guide.show_help(turn)
            case Ask():
                return await ask.ask(turn, intent, services)
            case More():
                return await ask.more(turn, services)
            case Show(which):
                return await ask.show(turn, which, services)
            case Pick(number):
                command = await ask.pick(turn, number, services)
                if command is None:
                    return say(Say("pick.nothing", {"number": number}))
                return await self._feature(turn, route(f"!{command}", private=True).intent)
            case Language():
                return await guide.choose_language(turn, intent)
            case Rate(useful, answer):
                return await ask.rate(turn, useful, answer, services)
            case Questions():
                return await editing.questions(turn, intent)
            case Edit():
                return await editing.edit(turn, intent)
            case Remove():
                return await editing.remove(turn, intent)
            case Unknown(command):
                return await guide.unknown(command)

    async def _reply(self, tx: Transaction, row: InboxRow, turn: Turn, what: Say) -> None:
        """Store the answer and mark the message handled, together."""
        payload = {
            "say": what.to_json(),
            "language": what.language or turn.language,
            "thread": turn.inbound.address.thread,
            "answers": turn.inbound.id,
        }
        await tx.outbox.add(row.channel, row.conversation, payload, urgency=Urgency.ANSWER, message_id=turn.reply_id)
        if not await tx.inbox.done(row.seq):
            raise HandledElsewhereError

    async def _silently(self, row: InboxRow, act: Callable[[Transaction], Awaitable[object]] | None = None) -> str:
        """Take note of something that gets no answer."""
        async with self._store.begin() as tx:
            if act is not None:
                await act(tx)
            if not await tx.inbox.done(row.seq):
                raise HandledElsewhereError
        return "noted"

    async def _rate(self, tx: Transaction, inbound: Inbound) -> None:
        """A thumb on one of our answers is feedback; every other reaction means nothing to us."""
        useful = THUMBS.get(inbound.text[:1])
        answer_id = await tx.outbox.by_remote_id(inbound.address.channel, inbound.refers_to)
        if useful is not None and answer_id and await tx.answers.shown(answer_id) is not None:
            person = await self._identify(tx, inbound)
            await tx.answers.rate(answer_id, person.id, useful)

    async def _apologise(self, row: InboxRow) -> str:
        """Something of ours broke: end the message, neutrally. When even that fails, it stays for the next start."""
        payload = {"say": SORRY.to_json(), "language": DEFAULT_LANGUAGE, "answers": row.event_id}
        payload["thread"] = row.payload.get("address", {}).get("thread", "")
        try:
            async with self._store.begin() as tx:
                person = await tx.people.of_account(row.channel, row.user_id)
                payload["language"] = (person and (person.language or person.last_language)) or DEFAULT_LANGUAGE
                await tx.outbox.add(row.channel, row.conversation, payload, urgency=Urgency.ANSWER)
                await tx.inbox.done(row.seq)
        except Exception:
            log.exception("message.kept_for_later")
        self._answered()
        return "error"

    def _turn(self, inbound: Inbound, person: Person, routed: Routed) -> Turn:
        language = person.language or routed.language or person.last_language or DEFAULT_LANGUAGE
        editor = f"{inbound.address.channel}:{inbound.user}" in self._rules.editors
        return Turn(inbound, person, language, new_id(), editor)

    async def _identify(self, tx: Transaction, inbound: Inbound) -> Person:
        where = inbound.address.conversation if inbound.private else None
        return await tx.people.identify(inbound.address.channel, inbound.user, private_conversation=where)

    async def _is_limited(self, tx: Transaction, row: InboxRow) -> bool:
        limit = self._rules.questions_per_hour
        if not limit:
            return False
        return await tx.inbox.asked_since(row.channel, row.user_id, row.received_at - AN_HOUR) > limit
