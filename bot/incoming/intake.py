"""Taking in: what channels deliver is kept before they let go of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from datetime import timedelta

from bot.commands import is_command
from bot.messages import Happening, Inbound, Refused
from bot.messages.storable import storable, storable_in
from knowledge_base.errors import StoreError
from knowledge_base.failpoints import reached
from knowledge_base.store.database import Store
from knowledge_base.store.inbox import Received
from knowledge_base.store.processes import Term

MAX_WAITING = 10_000  # messages taken in and not handled; beyond, the networks have to wait
MOST_OF_ONE = 300  # of them of one user; what comes beyond is never handled, or one user could make all others wait
LOOK_AGAIN_S = 5.0  # another process may have handled what was taken in here


class Intake:
    """The ``Receive`` of every channel."""

    def __init__(
        self,
        store: Store,
        max_waiting: int = MAX_WAITING,
        *,
        most_of_one: int = 0,
        term: Callable[[str], Term | None] = lambda _channel: None,
    ) -> None:
        """``term``: the leadership that a channel needs to take something in, raises ``DeposedError`` without it;
        ``None``: every process may. ``most_of_one``: see ``knowledge_base.store.inbox``.
        """
        self._store = store
        self._max_waiting = max_waiting
        self._most_of_one = most_of_one
        self._term = term
        self._waiting = 0
        self._less = asyncio.Condition()
        self.arrived = asyncio.Event()

    async def __call__(
        self,
        channel: str,
        happenings: Sequence[Inbound],
        *,
        cursor: str | None = None,
        refused: Sequence[Refused] = (),
    ) -> None:
        """See ``bot.channels.port.Receive``."""
        await self._room()
        happenings = [item for item in happenings if is_for_us(item)]
        if not happenings and not refused and cursor is None:
            return
        taken_back = [storable(item.refers_to) for item in happenings if item.happening is Happening.RETRACTION]
        try:
            term = self._term(channel)
            async with self._store.begin(first=True) as tx:
                if term is not None:
                    await tx.processes.expect(term)
                added = await tx.inbox.add([_received(item) for item in happenings], most_of_one=self._most_of_one)
                if taken_back:  # not answered yet: then it never will be
                    added -= await tx.inbox.drop_messages(channel, taken_back)
                for refusal in refused:
                    ids = (refusal.id, refusal.conversation, refusal.user)
                    await tx.inbox.refuse(channel, *map(storable, ids))
                if cursor is not None:
                    await tx.inbox.set_cursor(channel, cursor)
        except Exception as error:
            raise StoreError("What was received could not be kept.", remedy="It is delivered again.") from error
        reached("inbox.kept")
        self._waiting += added
        self.arrived.set()

    async def release(self, channel: str, after: timedelta) -> bool:
        """See ``bot.channels.port.Receive``."""
        try:
            async with self._store.read() as tx:
                if not await tx.inbox.has_early(channel):
                    return False
            async with self._store.begin() as tx:
                left = await tx.inbox.release(channel, tx.now - after)
        except Exception as error:
            raise StoreError("Parts of messages could not be released.", remedy="It is tried again.") from error
        self.arrived.set()
        return left

    async def cursor(self, channel: str) -> str | None:
        """See ``bot.channels.port.Receive``."""
        async with self._store.read() as tx:
            return await tx.inbox.cursor(channel)

    async def known(self, channel: str, event_ids: Collection[str]) -> set[str]:
        """See ``bot.channels.port.Receive``."""
        if not event_ids:
            return set()
        try:
            async with self._store.read() as tx:
                received = await tx.inbox.received(channel, event_ids)
                answered = await tx.answers.answered(channel, event_ids)
                return received | answered | await tx.outbox.sent_as(channel, event_ids)
        except Exception as error:
            raise StoreError("Earlier messages could not be looked up.", remedy="It is tried again.") from error

    async def without_mention(self, channel: str, conversations: Collection[str]) -> set[str]:
        """See ``bot.channels.port.Receive``."""
        try:
            async with self._store.read() as tx:
                return await tx.rooms.without_mention(channel, conversations)
        except Exception as error:
            raise StoreError("The settings of rooms could not be read.", remedy="It is tried again.") from error

    async def _room(self) -> None:
        """Wait until there is room. Other processes on this database also make room, and do not tell this one."""
        while self._waiting >= self._max_waiting:
            try:
                async with self._store.read() as tx:
                    left = await tx.inbox.left()
            except Exception as error:
                raise StoreError("What was received could not be kept.", remedy="It is delivered again.") from error
            self._waiting = min(self._waiting, left)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_AGAIN_S), self._less:
                    await self._less.wait_for(lambda: self._waiting < self._max_waiting)

    async def handled(self) -> None:
        """Make room: a message is done."""
        async with self._less:
            self._waiting = max(0, self._waiting - 1)
            self._less.notify_all()


def is_for_us(item: Inbound) -> bool:
    """What people in a room say to each other is not ours to keep, nor to answer."""
    spoken = item.happening in (Happening.MESSAGE, Happening.EDIT)
    return item.addressed or not spoken or is_command(item.text)


def _received(item: Inbound) -> Received:
    payload = {name: storable_in(value) for name, value in item.to_json().items()}
    place = item.address
    return Received(
        place.channel, storable(item.id), storable(place.conversation), storable(item.user), payload, item.early
    )
