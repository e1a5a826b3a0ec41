"""The life of a channel in this process: it receives while this process leads the account, else it stands by."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog

from bot.channels.port import Channel, ChannelEndedError, Shared, StandsDown
from bot.incoming.intake import Intake
from bot.operations.health import ENDED, Health
from bot.operations.outage import Absence
from bot.outgoing.sender import Sender
from bot.processes.leadership import Leadership
from knowledge_base.store.processes import Term

log = structlog.get_logger()

AGAIN_S = 10.0  # until a channel that broke is started again
STANDBY = "standby: another process leads"
LOOK_S = 1.0  # a standby shows so often that it lives

# Told a channel's name, and why it does not listen (``None``: it listens); the error means that it never will.
Listening = Callable[[str, str | ChannelEndedError | None], None]


def received_anywhere(channel: Channel) -> bool:
    """Whether every process receives what happens on a channel, not its leader alone."""
    return isinstance(channel, Shared) and channel.received_anywhere


class Receiving:
    """Runs one channel; ``sender`` is what sends for it."""

    def __init__(
        self,
        channel: Channel,
        sender: Sender,
        leadership: Leadership,
        intake: Intake,
        health: Health,
        absence: Absence,
        listening: Listening,
    ) -> None:
        self._channel, self._sender, self._leadership = channel, sender, leadership
        self._intake, self._health, self._absence = intake, health, absence
        self._listening = listening

    async def run(self) -> bool:
        """Receive for as long as the channel lives; return whether it ended as wished."""
        if received_anywhere(self._channel):
            return await self._receive()
        while True:
            term = await self._gained()
            receiving = asyncio.create_task(self._receive())
            lost = asyncio.create_task(self._leadership.lost(term))
            try:
                await asyncio.wait({receiving, lost}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                lost.cancel()
                if not (ended := receiving.done()):
                    receiving.cancel()
                    await asyncio.wait({receiving})
            if ended:
                if not receiving.result():
                    await self._leave_to_others()
                return receiving.result()
            await self._stand_down()

    async def _gained(self) -> Term:
        """Wait until this process leads the channel; a standby is well as long as it waits."""
        self._health.expect(self._channel.name)
        gained = asyncio.create_task(self._leadership.gained(self._channel.name))
        try:
            while not gained.done():
                await asyncio.wait({gained}, timeout=LOOK_S)
                if not gained.done() and self._leadership.began:
                    self._health.beat(self._channel.name)
                    self._listening(self._channel.name, STANDBY)
        finally:
            gained.cancel()
        return gained.result()

    async def _stand_down(self) -> None:
        log.warning("channel.stands_down", channel=self._channel.name)
        await self._sender.rest()
        if isinstance(self._channel, StandsDown):
            await self._channel.stand_down()

    async def _leave_to_others(self) -> None:
        log.warning(
            "leadership.given_up", channel=self._channel.name, remedy="fix the channel, then restart this process"
        )
        with suppress(Exception):  # the database is away: then the others find out in time
            await self._leadership.give_up(self._channel.name)

    async def _receive(self) -> bool:
        """A channel's life: one that breaks is started again, one that cannot go on ends alone."""
        self._health.expect(self._channel.name)

        def tell(problem: str | None) -> None:
            if problem is None:
                self._health.beat(self._channel.name)
                self._absence.heard(self._channel.name)
            else:
                self._health.failed(self._channel.name, problem)
            self._listening(self._channel.name, problem)

        while True:
            try:
                await self._channel.run(self._intake, tell)
            except ChannelEndedError as error:
                log.critical("channel.ended", channel=self._channel.name, reason=error.message, remedy=error.remedy)
                self._health.failed(self._channel.name, f"{ENDED} {error}", final=True)
                self._listening(self._channel.name, error)
                return False
            except Exception:
                log.exception("channel.broke", channel=self._channel.name)
                tell("internal error")
                await asyncio.sleep(AGAIN_S)
            else:
                return True
