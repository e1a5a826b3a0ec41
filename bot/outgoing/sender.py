"""The sender of the outbox: one per channel, answers first, in order per conversation, nothing twice.

What happens after a send, by the answer of the network (``bot.channels.port``):

- sent: marked with the network's id;
- certainly not sent: tried again later, ever later, up to a day; what our own limits held back was no attempt;
- others can read the place: it goes where only its reader can (``bot.outgoing.reroute``);
- will never be delivered: dead; and when the person is gone, their account is switched off until they write again;
- unclear: a channel with idempotent sends just sends again. Without them, an answer goes out once more (none would be
  worse than two), everything else is kept as unclear and shown to the admins (two would be worse than none).

If the sender was killed in between, the message is also unclear; then an answer always goes out again.

Only the leader of the account sends. Each message is claimed before it is sent; claims that no sender works on (of a
leader that is gone, or of this one when the reply to a COMMIT was lost) are looked for all the time and settled by the
same rules. Conversations take turns, so that a flood delays the others by one message each.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial

import structlog

from bot.channels.port import (
    AudienceError,
    Channel,
    MovedError,
    OpensRooms,
    TryLaterError,
    UnclearError,
    UndeliverableError,
)
from bot.messages import Outgoing
from bot.messages.envelope import Envelope, MeetingRoom
from bot.outgoing.claims import Claims
from bot.outgoing.links import Links
from bot.outgoing.render import Composer
from bot.outgoing.reroute import is_for_admins_room, reroute, to_each_admin
from bot.outgoing.retry import UNCLEAR, is_doubtful, is_hopeless, may_repeat, pause
from bot.processes.leadership import Leadership
from bot.texts import Texts
from knowledge_base.clock import is_past
from knowledge_base.failpoints import reached
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import OutboxRow, Urgency
from knowledge_base.store.processes import Term
from knowledge_base.store.transaction import Transaction

log = structlog.get_logger()

PARALLEL = 16  # conversations sent to at once; without idempotent sends one, so that a kill can double one answer only
SLOW_S = 2.0  # a send that takes longer lets the others pass
SEND_WITHIN_S = 120.0  # a send that takes longer is unclear
BULK_RESTS = 2  # times as long as the network says to wait: the first place that is free again is for answers
LOOK_AGAIN_S = 5.0  # another process may have stored something, a pause may be over, a claim may be stranded
REST_WITHIN_S = 3.0
FAILED_S = 0.5  # until claims are looked for again after the database failed
STRANDED = "the sender was stopped"
LONGEST_REST = timedelta(hours=1)  # what is longer comes of a clock that was set back


class Sender:
    """Sends the messages of one channel; at most one per channel and database runs."""

    def __init__(
        self,
        store: Store,
        texts: Texts,
        channel: Channel,
        leadership: Leadership,
        *,
        links: Links | None = None,
        mails: bool = False,
        unclear: Callable[[], None] = lambda: None,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._compose = Composer(store, texts, links)
        self._channel = channel
        self._leadership = leadership
        self._claims = Claims(store, channel)
        self._mails = mails
        self._tell_unclear = unclear
        self._alive = alive
        self._wake = asyncio.Event()
        self._sending: set[str] = set()  # ids of what was leased and has no result yet
        self._in_turn: set[str] = set()  # those of them that others wait for
        self._nothing_left = asyncio.Event()
        self._bulk_again = store.now()  # until then the network takes hardly anything, and that is for answers

    def wake(self) -> None:
        """There may be something to send."""
        self._wake.set()

    async def idle(self) -> None:
        """Wait until nothing is left that can be sent now."""
        self._nothing_left.clear()
        self._wake.set()
        await self._nothing_left.wait()

    async def rest(self) -> None:
        """Wait until what is under way has come to its end, for a while."""
        with suppress(TimeoutError):
            async with asyncio.timeout(REST_WITHIN_S):
                while self._sending:  # noqa: ASYNC110 - the last send tells nobody
                    await asyncio.sleep(0.05)

    async def run(self) -> None:
        """Send as long as this process leads the account, until cancelled."""
        async with asyncio.TaskGroup() as sends:
            while True:
                self._wake.clear()
                term = self._leadership.term(self._channel.name)
                rows = await self._next(term) if term else []
                for row in rows:
                    self._sending.add(row.id)
                    self._in_turn.add(row.id)
                    sends.create_task(self._send(row))
                if rows:
                    continue
                if not self._sending and not self._wake.is_set():
                    self._nothing_left.set()
                await self._sleep()

    async def _next(self, term: Term) -> list[OutboxRow]:
        """Claim the messages that come next, as many as there are places; settle what is stranded before."""
        at_once = PARALLEL if self._channel.exactly_once else 1
        places = min(at_once - len(self._in_turn), PARALLEL - len(self._sending))
        try:
            for row in await self._claims.stranded(term, self._sending, every_s=LOOK_AGAIN_S):
                await self._unclear(row, STRANDED, killed=True)
            least = Urgency.BULK if is_past(self._bulk_again, self._store.now(), LONGEST_REST) else Urgency.NOTICE
            rows = await self._claims.take(term, places, least=least) if places > 0 else []
        except Exception:  # the database is away: it comes back, and so do we
            log.exception("outbox.failed", channel=self._channel.name)
            self._claims.look_again()  # perhaps the claim was stored and only the reply to its COMMIT was lost
            asyncio.get_running_loop().call_later(FAILED_S, self._wake.set)
            return []
        self._alive()
        return rows

    async def _sleep(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN_S):
                await self._wake.wait()

    async def _insist(self, note: Callable[[], Awaitable[None]]) -> None:
        """Store what became of a message, however long the database is away: what is not noted is done twice."""
        attempts = 0
        while True:
            try:
                return await note()
            except Exception as error:  # noqa: BLE001 - see above
                attempts += 1
                log.error("outbox.not_noted", attempts=attempts, error=type(error).__name__)  # noqa: TRY400
                await asyncio.sleep(pause(attempts).total_seconds())

    async def _send(self, row: OutboxRow) -> None:
        slow = asyncio.get_running_loop().call_later(SLOW_S, self._let_others_pass, row.id)
        with structlog.contextvars.bound_contextvars(
            channel=row.channel, outbox_id=row.id, _hidden=(row.conversation,)
        ):
            try:
                if (note := await self._attempt(row)) is not None:
                    await self._insist(note)
            finally:
                slow.cancel()
                self._sending.discard(row.id)
                self._let_others_pass(row.id)

    def _let_others_pass(self, message_id: str) -> None:
        self._in_turn.discard(message_id)
        self._wake.set()

    async def _attempt(self, row: OutboxRow) -> Callable[[], Awaitable[None]] | None:  # noqa: C901 - one line per end
        """Send once; returns how to note what became of it, or ``None`` when it is another process's business now."""
        try:
            envelope = Envelope.from_json(row.payload)
            message = await self._compose(row, envelope)
        except TryLaterError as error:
            return partial(self._later, row, error)
        except Exception:
            log.exception("outbox.unreadable")
            return partial(self._dead, row, UndeliverableError("cannot be rendered"))
        if envelope.replaces and not message.replaces:
            return partial(self._dead, row, UndeliverableError("the message to replace never arrived"))
        reached("outbox.before_send")
        if self._leadership.term(row.channel) != row.term:
            log.warning("outbox.deposed")
            return None
        try:
            async with asyncio.timeout(SEND_WITHIN_S):
                remote_id = await self._hand_over(envelope.room, message)
        except TryLaterError as error:
            return partial(self._later, row, error)
        except MovedError as error:
            return partial(self._moved, row, error)
        except AudienceError:
            return partial(self._reroute, row, envelope, message)
        except UndeliverableError as error:
            if error.gone and is_for_admins_room(row, envelope):
                return partial(self._reroute, row, envelope, message, closed=True)
            return partial(self._dead, row, error)
        except (UnclearError, TimeoutError) as error:
            return partial(self._unclear, row, str(error) or "no answer in time")
        except Exception as error:
            log.exception("outbox.channel_broke_its_contract")
            return partial(self._unclear, row, type(error).__name__)
        reached("outbox.after_send")
        return partial(self._sent, row, remote_id, farewell=envelope.farewell)

    async def _hand_over(self, room: MeetingRoom | None, message: Outgoing) -> str | None:
        if room is None:
            return await self._channel.send(message)
        if not isinstance(self._channel, OpensRooms):
            raise UndeliverableError("no rooms on this network")
        return await self._channel.open_introduction_room(room.alias, room.users, message, name=room.name)

    async def _sent(self, row: OutboxRow, remote_id: str | None, *, farewell: bool) -> None:
        async with self._store.begin(first=True) as tx:
            await tx.outbox.sent(row, remote_id, farewell=farewell)

    async def _later(self, row: OutboxRow, error: TryLaterError) -> None:
        if not error.paced and is_hopeless(row, age=self._store.now() - row.created_at):
            await self._dead(row, UndeliverableError(error.message))
            return
        soon = error.after is not None and error.after.total_seconds() < LOOK_AGAIN_S
        pace = soon and not error.everywhere  # of one conversation: no trouble
        (log.debug if pace else log.info)("outbox.later", attempts=row.attempts, reason=error.message)
        if error.everywhere and error.after:
            self._bulk_again = max(self._bulk_again, self._store.now() + BULK_RESTS * error.after)
        async with self._store.begin(first=True) as tx:
            if error.paced and error.after is not None:
                await tx.outbox.postpone(row, not_before=tx.now + error.after, reason=error.message)
                self._look_in(error.after)
                return
            before = f" ({UNCLEAR.strip()} before)" if is_doubtful(row) else ""
            await self._retry(tx, row, error.message + before, error.after)

    async def _dead(self, row: OutboxRow, error: UndeliverableError) -> None:
        log.warning("outbox.dead", reason=error.message, gone=error.gone)
        async with self._store.begin(first=True) as tx:
            if await tx.outbox.dead(row, error.message) and error.gone:
                await tx.conversations.gone(row.channel, row.conversation, error.message)

    async def _moved(self, row: OutboxRow, error: MovedError) -> None:
        """All that waits for the conversation goes to its new id, this message first."""
        log.info("outbox.moved")
        async with self._store.begin(first=True) as tx:
            await tx.conversations.move(row.channel, row.conversation, error.to)
            await self._retry(tx, row, error.message, timedelta(0))

    async def _reroute(self, row: OutboxRow, envelope: Envelope, message: Outgoing, *, closed: bool = False) -> None:
        """Others can read the place, or it is ``closed`` to the bot: it goes where only its reader can read it."""
        log.info("outbox.not_there" if closed else "outbox.overheard")
        declared = replace(envelope, audience=message.audience, readers=message.readers)
        if is_for_admins_room(row, declared):
            await to_each_admin(self._store, self._channel, row, declared, mails=self._mails, closed=closed)
        else:
            await reroute(self._store, self._channel, row, declared, mails=self._mails)
        self._wake.set()

    async def _unclear(self, row: OutboxRow, reason: str, *, killed: bool = False) -> None:
        age = self._store.now() - row.created_at
        repeat = may_repeat(row, exactly_once=self._channel.exactly_once, age=age, killed=killed)
        async with self._store.begin(first=True) as tx:
            if repeat:
                await self._retry(tx, row, f"{UNCLEAR}{reason}", timedelta(0) if killed else None)
            noted = not repeat and await tx.outbox.unclear(row, reason)
        if noted:
            log.warning("outbox.unclear", reason=reason, outbox_id=row.id)
            self._tell_unclear()

    async def _retry(self, tx: Transaction, row: OutboxRow, reason: str, wait: timedelta | None) -> None:
        after = pause(row.attempts) if wait is None else wait
        await tx.outbox.retry(row, not_before=tx.now + after, error=reason)
        self._look_in(after)

    def _look_in(self, after: timedelta) -> None:
        if after.total_seconds() < LOOK_AGAIN_S:
            asyncio.get_running_loop().call_later(after.total_seconds() + 0.01, self._wake.set)
