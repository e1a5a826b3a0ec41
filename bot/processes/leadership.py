"""Leadership of accounts: at any time, one process receives and sends for an account.

Every few seconds the process renews its sign of life in the database, and takes the channels that no living process
leads. It relies on a leadership only as long as other processes must accept its last sign. It measures this with its
own monotonic clock, from before it signed. So a process that was frozen or cut off from the database has stopped before
another one begins.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta

import structlog

from knowledge_base.errors import StoreError
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import new_id
from knowledge_base.store.processes import DeposedError, Living, Term

log = structlog.get_logger()

MARGIN = timedelta(seconds=1)  # this process stops so long before others may take over
SIGNS_PER_LEASE = 5
STANDBY_S = 1.0  # seconds until a standby tries again
SIGN_WITHIN_S = 5.0


class Leadership:
    """The signs of life of this process, and the channels that it leads."""

    def __init__(
        self,
        store: Store,
        channels: Collection[str],
        *,
        place: str,
        settings: Mapping[str, str],
        changed: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take ``place``, the state folder on this machine; an earlier process of the same place no longer runs.

        ``settings``: marks of the settings that all processes must share. ``changed`` is called when this process leads
        more or fewer channels than before.
        """
        self.process = new_id()
        self._store = store
        self._wanted = set(channels)
        self._place, self.settings = place, settings
        self._clock = clock
        self._epochs: dict[str, int] = {}
        self._valid_until = clock()
        self._lease = timedelta(0)
        self._change = asyncio.Condition()
        self._tell_changed = changed
        self.began = False  # the first sign was given

    def term(self, channel: str) -> Term | None:
        """Return the leadership of a channel if this process holds it now."""
        epoch = self._epochs.get(channel)
        if epoch is None or self._clock() >= self._valid_until:
            return None
        return Term(channel, self.process, epoch)

    def leads(self, channel: str) -> bool:
        """Return whether this process may receive and send for the channel now."""
        return self.term(channel) is not None

    def expect(self, channel: str) -> Term:
        """Return the leadership of a channel; raise ``DeposedError`` if this process does not hold it."""
        term = self.term(channel)
        if term is None:
            raise DeposedError(channel)
        return term

    async def sign(self) -> None:
        """Sign, and take free channels. Raise what the database raises; then nothing is led any longer than before."""
        started = self._clock()
        async with asyncio.timeout(SIGN_WITHIN_S), self._store.begin(first=True) as tx:
            if not self.began:
                await tx.processes.clear(self._place, self.process)
            held = await tx.processes.sign(self.process, self._place, self.settings)
            for channel in sorted(self._wanted - held.keys()):
                if (epoch := await tx.processes.take(channel, self.process)) is not None:
                    held[channel] = epoch
            lease = tx.processes.lease
        before = {channel for channel in self._epochs if self.leads(channel)}
        for channel in held.keys() - self._epochs.keys():
            log.info("leadership.taken", channel=channel, epoch=held[channel])
        for channel in self._epochs.keys() - held.keys():
            log.warning("leadership.lost", channel=channel)
        self.began, self._lease = True, lease
        self._epochs, self._valid_until = held, started + (lease - MARGIN).total_seconds()
        if before != held.keys():
            await self._changed()

    async def others(self) -> list[Living]:
        """Return the other processes that work on this database."""
        async with self._store.read() as tx:
            return [process for process in await tx.processes.living() if process.id != self.process]

    async def run(self, alive: Callable[[], None], failed: Callable[[str], None]) -> None:
        """Sign until cancelled, beginning at once; call ``alive`` after each sign, ``failed`` after each failure."""
        while True:
            try:
                await self.sign()
            except Exception as error:
                log.warning("leadership.not_signed", exc_info=error)
                failed("timeout" if isinstance(error, TimeoutError) else "unreachable")
            else:
                alive()
            await asyncio.sleep(self._pause())
            if self._epochs and self._clock() >= self._valid_until:
                await self._changed()

    def _pause(self) -> float:
        """Return the seconds until the next sign; they are few while this process wants to take a channel over."""
        often = not self.began or bool(self._wanted - self._epochs.keys()) or self._clock() >= self._valid_until
        return STANDBY_S if often else self._lease.total_seconds() / SIGNS_PER_LEASE

    async def gained(self, channel: str) -> Term:
        """Wait until this process leads the channel; return the term."""
        async with self._change:
            while (term := self.term(channel)) is None:
                await self._change.wait()
        return term

    async def lost(self, term: Term) -> None:
        """Wait until the term is over."""
        async with self._change:
            await self._change.wait_for(lambda: self.term(term.channel) != term)

    async def give_up(self, channel: str) -> None:
        """Resign from a channel that this process cannot serve, so that another one can lead it."""
        self._wanted.discard(channel)
        self._epochs.pop(channel, None)
        async with self._store.begin() as tx:
            await tx.processes.resign(channel, self.process)
        await self._changed()

    async def leave(self) -> None:
        """End all leaderships in order: other processes take over at once."""
        self._epochs = {}
        async with self._store.begin() as tx:
            await tx.processes.leave(self.process)

    async def confirm(self, channel: str) -> Term:
        """Ask the database whether this process leads; raise ``DeposedError``, or what the database raises."""
        term = self.expect(channel)
        async with asyncio.timeout(SIGN_WITHIN_S), self._store.read() as tx:
            await tx.processes.expect(term)
        return self.expect(channel)  # asking took time

    async def knows(self, process: str) -> bool:
        """Return whether an id belongs to a process that works, or recently worked, on this database."""
        async with asyncio.timeout(SIGN_WITHIN_S), self._store.read() as tx:
            return await tx.processes.knows(process)

    async def _changed(self) -> None:
        self._tell_changed()
        async with self._change:
            self._change.notify_all()


class LeadOf:
    """The leadership of one channel; see ``bot.channels.port.Lead``."""

    def __init__(self, leadership: Leadership, channel: str) -> None:
        self._leadership, self._channel = leadership, channel

    @property
    def process(self) -> str:
        """See ``bot.channels.port.Lead``."""
        return self._leadership.process

    def holds(self) -> bool:
        """See ``bot.channels.port.Lead``."""
        return self._leadership.leads(self._channel)

    async def confirm(self) -> int:
        """See ``bot.channels.port.Lead``."""
        try:
            return (await self._leadership.confirm(self._channel)).epoch
        except DeposedError:
            raise StoreError("Another process leads the account.") from None
        except Exception as error:
            raise StoreError(f"The database does not say who leads the account ({type(error).__name__}).") from error

    async def knows(self, process: str) -> bool:
        """See ``bot.channels.port.Lead``."""
        try:
            return await self._leadership.knows(process)
        except Exception as error:
            raise StoreError(f"The database does not say who works on it ({type(error).__name__}).") from error
