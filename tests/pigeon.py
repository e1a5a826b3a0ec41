"""A network from outside the package: its adapter, its section of the settings, and its row. For tests."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from bot.channels.networks import NETWORKS, ChannelSetup, Network
from bot.channels.port import AudienceError, Listening, Receive
from bot.messages import Address, Inbound, Outgoing
from bot.messages.markup import plain
from bot.messages.readership import Readership, accounts_on, fits
from config.channel import ChannelSection
from config.settings import Settings

NAME = "pigeon"
SQUARE = "square"  # where others read


class Pigeon(ChannelSection):
    """The settings of the network."""

    loft: str = ""
    may_read_letters: bool = False

    @property
    def is_set_up(self) -> bool:
        return bool(self.loft)

    @property
    def account(self) -> str:
        return self.loft

    @property
    def server(self) -> str:
        return self.loft

    @property
    def lifts_data_policy(self) -> bool:
        return self.may_read_letters


class PigeonSettings(Settings):
    """The settings of a bot that also serves this network."""

    pigeon: Pigeon = Pigeon()


class PigeonChannel:
    """See ``bot.channels.port.Channel``: each user has one letter box that only they read."""

    name = NAME
    exactly_once = False

    def __init__(self, settings: Settings) -> None:
        self._admins = accounts_on(NAME, settings.admins)
        self._letters = asyncio.Queue[tuple[str, str]]()
        self.delivered: list[Outgoing] = []
        self._came = asyncio.Condition()

    def writes(self, user: str, text: str) -> None:
        """A user sends a letter."""
        self._letters.put_nowait((user, text))

    def reads(self, user: str) -> str:
        """Return all that lies in a letter box."""
        return "\n\n".join(
            plain(message.document) for message in self.delivered if message.address.conversation == user
        )

    async def until_it_brings(self, number: int) -> None:
        """Wait until so many letters were brought."""
        async with self._came:
            await self._came.wait_for(lambda: len(self.delivered) >= number)

    async def run(self, receive: Receive, listening: Listening) -> None:
        listening(None)
        while True:
            user, text = await self._letters.get()
            await receive(NAME, [Inbound(uuid4().hex, Address(NAME, user), user, text, True, datetime.now(UTC))])

    async def send(self, message: Outgoing) -> str | None:
        if not fits(message.audience, message.readers, self.who_reads(message.address), self._admins):
            raise AudienceError("others read it")
        async with self._came:
            self.delivered.append(message)
            self._came.notify_all()
        return f"ring-{len(self.delivered)}"

    def who_reads(self, address: Address) -> Readership:
        place = address.conversation
        return Readership() if place == SQUARE else Readership(frozenset({place}), closed=True)

    def private_place(self, user: str) -> str | None:
        return user

    async def working(self, address: Address) -> None:
        """A pigeon that flies is not seen."""

    async def close(self) -> None:
        """Nothing was opened."""


def build(setup: ChannelSetup) -> PigeonChannel:
    return PigeonChannel(setup.settings)


def section(settings: Settings) -> Pigeon:
    return settings.pigeon if isinstance(settings, PigeonSettings) else Pigeon()


ROW = Network(
    name=NAME,
    title="Pigeon post",
    label="Brieftaube",
    order=0,
    section=section,
    adapter=__name__,
    words=("taube",),
    operated_by="Taubenverein e. V.",
    keeps_updates_for=timedelta(hours=6),
)


@contextmanager
def one_more_network(**changes: Any) -> Iterator[None]:
    """The row is there during the block."""
    before = dict(NETWORKS)
    NETWORKS[NAME] = replace(ROW, **changes)
    try:
        yield
    finally:
        NETWORKS.clear()
        NETWORKS.update(before)
