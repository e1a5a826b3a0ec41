"""The channel in the test's own process, with nothing behind it: what it hands over and what it can be told to send."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from bot.channels.matrix import MatrixChannel
from bot.messages import Address, Inbound, Outgoing, Refused
from bot.messages.markup import Document, Paragraph, Text
from config.matrix import MatrixSettings
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse, memory_folder
from tests.patience import PATIENCE_S


@dataclass
class Inner:
    """A running channel."""

    user_id: str
    channel: MatrixChannel
    received: list[Inbound] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    listened: list[str | None] = field(default_factory=list)
    position: str | None = None
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(
        self, channel: str, happenings: Sequence[Inbound], *, cursor: str | None = None, refused: Sequence[Refused] = ()
    ) -> None:
        self.received += happenings
        self.refused += refused
        self.position = cursor or self.position
        if happenings:
            self.came.set()

    async def cursor(self, channel: str) -> str | None:
        return self.position

    async def known(self, channel: str, event_ids: Collection[str]) -> set[str]:
        return {happening.id for happening in self.received} & set(event_ids)

    async def without_mention(self, channel: str, conversations: Collection[str]) -> set[str]:
        return set()

    async def room_with(self, person: Person, *others: str, encrypted: bool = False, **more: Any) -> str:
        """A room of a person into which the bot has come."""
        room = await person.room(self.user_id, *others, encrypted=encrypted, **more)
        async with asyncio.timeout(PATIENCE_S):
            while not self.knows(room):  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await person.sync()
        return room

    def knows(self, room: str) -> bool:
        parts = self.channel._parts
        return bool(parts and room in parts.reader.rooms)

    def message(self, room: str, text: str | Document, answers: str = "", name: str = "") -> Outgoing:
        document = (Paragraph((Text(text),)),) if isinstance(text, str) else text
        return Outgoing(name or secrets.token_hex(8), Address("matrix", room), "de", document, answers=answers)


@asynccontextmanager
async def running_channel(
    server: Synapse, homeserver: str = "", *, stays: bool = False, **settings: object
) -> AsyncIterator[Inner]:
    """Make an account, log in, listen; end."""
    user_id, folder = server.register(f"inner{secrets.token_hex(4)}"), memory_folder("inner-")
    matrix = MatrixSettings(
        homeserver=homeserver or server.url, user_id=user_id, password=SecretStr("secret"), joins_per_hour=0,
        **settings,  # type: ignore[arg-type]
    )  # fmt: skip
    inner = Inner(user_id, MatrixChannel(matrix, folder, stays=stays))
    running = asyncio.create_task(inner.channel.run(inner, inner.listened.append))
    try:
        async with asyncio.timeout(PATIENCE_S):
            while None not in inner.listened and not running.done():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not running.done(), running
        yield inner
    finally:
        running.cancel()
        await asyncio.wait([running])
        await inner.channel.close()
        shutil.rmtree(folder, ignore_errors=True)
