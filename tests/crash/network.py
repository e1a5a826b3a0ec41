"""A network of files, which outlives the process of the bot: it keeps what it delivered when the bot is killed.

``in/NUMBER`` holds a message for the bot, ``out/NUMBER-ID`` what the bot sent. Each file is written aside and renamed:
it is there whole or not at all. The bot's position is its cursor in the database, as with a real network.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime
from itertools import count, takewhile
from pathlib import Path

from bot.channels.port import Listening, Receive
from bot.messages import Address, Inbound, Outgoing
from knowledge_base.store.database import Store

NAME = "files"


class FileNetwork:
    """The side of the people."""

    def __init__(self, folder: Path) -> None:
        self.incoming, self.outgoing = folder / "in", folder / "out"
        self.incoming.mkdir(parents=True, exist_ok=True)
        self.outgoing.mkdir(exist_ok=True)

    def write(self, number: int, conversation: str, text: str) -> None:
        """A user writes."""
        message = {"id": f"q{number}", "conversation": conversation, "text": text}
        aside = self.incoming / f".{number}"
        aside.write_text(json.dumps(message))
        aside.rename(self.incoming / f"{number:06}")

    def answers(self) -> Counter[str]:
        """How many answers each message has."""
        return Counter(json.loads(path.read_text())["answers"] for path in self.outgoing.glob("[0-9]*"))

    def digests(self) -> Counter[str]:
        """How many digests each conversation got."""
        told = (json.loads(path.read_text()) for path in self.outgoing.glob("[0-9]*"))
        return Counter(message["to"] for message in told if message["bulk"])

    def ready(self) -> bool:
        """Whether the bot that was started last listens."""
        return (self.outgoing / "ready").exists()


class FileChannel:
    """The side of the bot: see ``bot.channels.port.Channel``."""

    name = NAME

    def __init__(self, folder: Path, store: Store, *, exactly_once: bool) -> None:
        self.exactly_once = exactly_once
        self._network = FileNetwork(folder)
        self._store = store
        self._sent = len(list(self._network.outgoing.glob("[0-9]*")))

    async def run(self, receive: Receive, listening: Listening) -> None:
        async with self._store.read() as tx:
            position = int(await tx.inbox.cursor(NAME) or 0)
        listening(None)
        (self._network.outgoing / "ready").touch()
        while True:
            paths = list(takewhile(Path.exists, (self._network.incoming / f"{n:06}" for n in count(position + 1))))
            if paths:  # each asked for by name: on ext4 one listing in sixty shows a new file without the one before it
                position += len(paths)
                await receive(NAME, [_inbound(path) for path in paths], cursor=str(position))
            await asyncio.sleep(0.01)

    async def send(self, message: Outgoing) -> str | None:
        known = list(self._network.outgoing.glob(f"*-{message.id}"))
        if known and self.exactly_once:
            return known[0].name
        self._sent += 1
        path = self._network.outgoing / f"{self._sent:06}-{message.id}"
        aside = path.with_name(f".{path.name}")
        aside.write_text(
            json.dumps({"answers": message.answers, "to": message.address.conversation, "bulk": message.bulk})
        )
        aside.rename(path)
        return path.name

    async def working(self, address: Address) -> None:
        """No user sees that the bot is working."""

    async def close(self) -> None:
        """Nothing was opened."""


def _inbound(path: Path) -> Inbound:
    told = json.loads(path.read_text())
    address = Address(NAME, told["conversation"])
    return Inbound(told["id"], address, f"user of {address.conversation}", told["text"], True, datetime.now(UTC))
