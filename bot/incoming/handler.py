"""One message start to finish: who, which intent, which feature, the answer into the outbox; the error boundary.

The answer, all that it changes, and the mark "handled" are one transaction: its effect is once, whatever is killed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from time import perf_counter

import structlog

from bot.channels.port import Channel
from bot.commands.command import Intent
from bot.commands.ratings import Rate
from bot.context import Act, Services, Turn, say
from bot.features.conversation.meaning import meant
from bot.features.conversation.replies import reminder
from bot.features.privacy_notice import first_notice
from bot.features.registry import perform
from bot.features.search.rate_limit import EXHAUSTED, told_already
from bot.features.search.rating import note_rating
from bot.features.talk import Talk
from bot.incoming.buttons import FrontDesk
from bot.incoming.group_access import left, may_work, moved, note_permit
from bot.incoming.reply import FAREWELL, HandledElsewhereError, explain, notice, reply, retract, say_sorry
from bot.incoming.turn_loader import Staff, TurnLoader
from bot.incoming.typing_indicator import shown_as_working
from bot.messages import Happening, Inbound, Say
from bot.outgoing.reroute import identify
from knowledge_base.failpoints import reached
from knowledge_base.store.inbox import InboxRow
from knowledge_base.store.transaction import Transaction
from knowledge_base.store.transient import is_transient

log = structlog.get_logger()

MAX_ATTEMPTS = 10  # a message that killed the process that often is given up; it may be innocent: the power may fail
ANSWER_WITHIN_S = 30.0  # a model that hangs must not hold the places of those who ask for something else
THUMBS = {"👍": True, "👎": False}
OUTCOMES = {
    "ask.found": "answered",
    "ask.more": "answered",
    "ask.events": "answered",
    "ask.names": "answered",
    "ask.compared": "answered",
    "ask.only_name": "answered",
    "ask.not_sure": "not_sure",
    "ask.not_sure_there": "not_sure",
    "ask.only_elsewhere": "not_sure",
    "ask.only_larger": "not_sure",
    "ask.only_without": "not_sure",
    "ask.nothing": "not_sure",
}
# What a message counts as for the limits of its author, by what was said to it; everything else counts as handled.
COUNTED = dict.fromkeys((*OUTCOMES, "more.no_more"), "asked") | {EXHAUSTED: "limited"}


Observe = Callable[[str, str, float], None]  # told channel, outcome and seconds of each message; never who or what


class Handler:
    """Handles one message of the inbox; called for many at once, never twice at once for one conversation."""

    def __init__(
        self,
        services: Services,
        channels: Mapping[str, Channel],
        rules: Staff,
        desk: FrontDesk,
        *,
        answered: Callable[[], None],
        observe: Observe,
    ) -> None:
        self._services = services
        self._store = services.store
        self._channels = channels
        self._rules = rules
        self._loader = TurnLoader(services, channels, rules, desk)
        self._answered = answered
        self._observe = observe

    async def __call__(self, row: InboxRow) -> bool:
        """The error boundary: whatever happens, the message ends handled, and its sender hears something.

        Returns ``False`` when not even that could be stored; the message stays as it is, to be tried again.
        """
        started = perf_counter()
        with structlog.contextvars.bound_contextvars(
            channel=row.channel, event_id=row.event_id, _hidden=(row.user_id, row.conversation)
        ):
            try:
                outcome = await self._attempt(row)
            except HandledElsewhereError:
                return True
            except Exception as error:
                if is_transient(error):
                    outcome = await self._again_later(row, error)
                else:
                    log.exception("message.failed")
                    outcome = await self._apologise(row)
            seconds = perf_counter() - started
            self._observe(row.channel, outcome, seconds)
            if outcome != "kept":
                log.info("message.handled", outcome=outcome, seconds=round(seconds, 3))
        return outcome != "kept"

    async def _attempt(self, row: InboxRow) -> str:
        if row.attempts > MAX_ATTEMPTS:
            return await self._give_up(row)
        inbound = Inbound.from_json(row.payload)
        match inbound.happening:
            case Happening.MESSAGE | Happening.JOINED | Happening.PRESSED | Happening.EDIT:
                return await self._answer(row, inbound)
            case Happening.UNDECRYPTED | Happening.MISSED | Happening.COMPARE | Happening.GROWN | Happening.EXPLAINED:
                return await self._tell(row, inbound)
            case Happening.IMPERSONAL:
                return await self._explain(row, inbound)
            case Happening.RETRACTION:
                return await self._silently(row, inbound, lambda tx: retract(tx, self._channels, inbound))
            case Happening.REACTION:
                return await self._silently(row, inbound, lambda tx: self._rate(tx, inbound))
            case Happening.LEFT:
                return await self._silently(row, inbound, partial(left, inbound=inbound))
            case Happening.MOVED:
                return await self._silently(row, inbound, partial(moved, inbound=inbound))
            case Happening.UNREADABLE:
                return await self._quarantine(row, inbound)

    async def _quarantine(self, row: InboxRow, inbound: Inbound) -> str:
        async with self._store.begin() as tx:
            if not await may_work(tx, inbound, self._rules.admins):
                await self._note(tx, row)
                return "noted"
            log.error("message.unreadable")
            await tx.inbox.quarantine(row)
        return "quarantined"

    async def _give_up(self, row: InboxRow) -> str:
        log.error("message.quarantined", attempts=row.attempts)
        async with self._store.begin() as tx:
            if not await tx.inbox.quarantine(row):
                raise HandledElsewhereError
            await say_sorry(tx, row)
        self._answered()
        return "quarantined"

    async def _answer(self, row: InboxRow, inbound: Inbound) -> str:
        """Read once, do the slow work outside any transaction, and store everything at once."""
        async with self._store.read() as tx:
            loaded = await self._loader.load_turn(tx, inbound)
        if loaded is None:
            return await self._silently(row, inbound)
        turn = loaded.turn
        if inbound.happening is Happening.PRESSED and isinstance(loaded.intent, Rate):
            rated = loaded.intent
            return await self._silently(
                row, inbound, lambda tx: note_rating(tx, rated.answer, turn.person.id, rated.useful)
            )
        intent = loaded.intent
        act = say(loaded.refused) if loaded.refused else None
        if act is None:
            intent, act = await self._perform(turn, intent)
        async with self._store.begin() as tx:
            await note_permit(tx, inbound, self._rules.admins)
            await self._loader.settle(tx, turn)
            if turn.replaces:
                await tx.answers.retract(row.channel, inbound.refers_to)
            if turn.awaited:
                await tx.people.got(turn.context_key)
            answer = await act(tx)
            if answer.key == EXHAUSTED and await told_already(tx, row):
                await self._note(tx, row)
            else:
                await self._reply(tx, row, turn, answer)
            if answer.key in COUNTED:
                await tx.inbox.mark(row, COUNTED[answer.key])
            if self._services.notes is not None:
                context = await tx.people.context(turn.context_key, younger_than=self._services.context_lasts)
                self._services.notes.answered(turn, intent, answer.key, Talk.of(context))
            reached("answer.before_commit")
        reached("answer.after_commit")
        self._answered()
        if turn.editor:
            await self._services.search.catch_up()  # their next question finds what they have changed, if they have
        return "limited" if answer.key == EXHAUSTED else OUTCOMES.get(answer.key, "other")

    async def _tell(self, row: InboxRow, inbound: Inbound) -> str:
        """Say something that needs no feature."""
        async with self._store.begin() as tx:
            if not await may_work(tx, inbound, self._rules.admins):
                await self._note(tx, row)
                return "noted"
            turn = await self._loader.notice_turn(tx, inbound)
            await self._reply(tx, row, turn, notice(inbound, turn.private_chat))
        self._answered()
        return "told"

    async def _explain(self, row: InboxRow, inbound: Inbound) -> str:
        """Tell once why there is no answer; whoever does not write as a person gets no account."""
        async with self._store.begin() as tx:
            told = False
            if await may_work(tx, inbound, self._rules.admins):
                told = await explain(tx, row, inbound, self._services.secret)
            await self._note(tx, row)
        self._answered()
        return "told" if told else "noted"

    async def _reply(self, tx: Transaction, row: InboxRow, turn: Turn, answer: Say) -> None:
        """Store the answer; below it stands what still waits for a yes, or to a new person, the privacy notice."""
        footer = None
        if answer.key != FAREWELL:
            footer = await reminder(tx, turn, self._services, answer) or await first_notice(tx, turn, self._services)
        await reply(tx, row, turn, answer, footer)

    async def _silently(
        self, row: InboxRow, inbound: Inbound, act: Callable[[Transaction], Awaitable[object]] | None = None
    ) -> str:
        """Take note of something that gets no answer."""
        async with self._store.begin() as tx:
            if act is not None and await may_work(tx, inbound, self._rules.admins):
                await act(tx)
            await self._note(tx, row)
        return "noted"

    async def _note(self, tx: Transaction, row: InboxRow) -> None:
        """Mark a message handled that gets no answer."""
        if not await tx.inbox.done(row):
            raise HandledElsewhereError

    async def _perform(self, turn: Turn, intent: Intent) -> tuple[Intent, Act]:
        """Find out what is meant and do it, bounded in time, while the person sees that something happens."""
        channel = self._channels.get(turn.inbound.address.channel)
        async with asyncio.timeout(ANSWER_WITHIN_S), shown_as_working(channel, turn.inbound.address):
            intent = await meant(turn, intent, self._services)
            return intent, await perform(turn, intent, self._services)

    async def _rate(self, tx: Transaction, inbound: Inbound) -> None:
        """A thumb on one of our answers is feedback; every other reaction means nothing to us."""
        useful = THUMBS.get(inbound.text[:1])
        answer_id = await tx.outbox.by_remote_id(inbound.address.channel, inbound.refers_to)
        if useful is not None and answer_id and await tx.answers.shown(answer_id) is not None:
            person = await identify(tx, self._channels.get(inbound.address.channel), inbound)
            await tx.answers.rate(answer_id, person.id, useful)

    async def _again_later(self, row: InboxRow, error: Exception) -> str:
        """Give the message back after a database failure, to be tried again, and say nothing.

        After a lost reply to a COMMIT the message may be handled already; then no process can claim it again.
        """
        log.warning("message.tried_again", error=type(error).__name__, attempts=row.attempts)
        try:
            async with self._store.begin() as tx:
                await tx.inbox.give_back(row)
        except Exception as again:  # noqa: BLE001 - this process has the claim, and may claim it again
            log.warning("message.not_given_back", error=type(again).__name__)
        return "kept"

    async def _apologise(self, row: InboxRow) -> str:
        """End the message with a neutral apology if this process still has the claim; if that fails, keep it."""
        try:
            async with self._store.begin() as tx:
                if not await tx.inbox.done(row):
                    return "noted"
                await say_sorry(tx, row)
        except Exception as error:  # noqa: BLE001 - the database is what is broken
            log.error("message.kept", error=type(error).__name__)  # noqa: TRY400 - the first failure has its trace
            return "kept"
        self._answered()
        return "error"
