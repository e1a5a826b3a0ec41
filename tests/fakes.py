"""A network in memory with people on it, and the whole bot on it: for tests that want to know what people hear."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

from bot.app import Bot
from bot.channels.port import AudienceError, Channel, ChannelEndedError, Listening, Receive, UnclearError
from bot.messages import Address, Happening, Inbound, Outgoing
from bot.messages.markup import plain
from bot.messages.readership import Readership, fits
from bot.resources import KnowledgeBase
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.embedding.port import Embedder
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from tests.patience import PATIENCE_S


@dataclass(frozen=True, slots=True)
class LostReply:
    """The network takes the message, but its confirmation never arrives."""


class Hang:
    """The network never answers. ``let_go`` ends that: the message was not taken."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.let_go = asyncio.Event()


Fault = Exception | LostReply | Hang


class FakeChannel:
    """See ``bot.channels.port.Channel``: a network that does what the test says.

    ``places`` says who reads a conversation; one that no test made is what it is said to be. ``faults`` are the
    outcomes of the next sends, in order; after them every send succeeds.
    """

    def __init__(self, name: str = "fake", *, exactly_once: bool = False) -> None:
        self.name = name
        self.exactly_once = exactly_once
        self.delivered: list[Outgoing] = []  # as people see them, doubles included
        self.attempts: list[str] = []
        self.faults: deque[Fault] = deque()
        self.working_in: list[str] = []
        self.closed = False
        self.places: dict[str, Readership] = {}
        self.operators: set[str] = set()  # none named: who an alert is for is one
        self.admins: set[tuple[str, str]] = set()  # (conversation, user): of rooms
        self.listens = asyncio.Event()
        self._change = asyncio.Condition()
        self._end: asyncio.Queue[Exception | None] = asyncio.Queue()
        self._receive: Receive | None = None
        self._ids = count(1)

    async def run(self, receive: Receive, listening: Listening) -> None:
        self._receive = receive
        listening(None)
        self.listens.set()
        if error := await self._end.get():
            raise error

    async def send(self, message: Outgoing) -> str | None:
        self.attempts.append(message.id)
        place = self.places.get(message.address.conversation)
        if place and not fits(message.audience, message.readers, place, self.operators or message.readers):
            raise AudienceError("others read it")
        fault = self.faults.popleft() if self.faults else None
        match fault:
            case Exception():
                raise fault
            case Hang():
                fault.reached.set()
                await fault.let_go.wait()
                raise UnclearError("the connection broke")
        if not (self.exactly_once and any(known.id == message.id for known in self.delivered)):
            async with self._change:
                self.delivered.append(message)
                self._change.notify_all()
        if isinstance(fault, LostReply):
            raise UnclearError("no confirmation")
        return f"sent-{message.id}"

    def who_reads(self, address: Address) -> Readership | None:
        return self.places.get(address.conversation)

    def room_options(self) -> tuple[str, ...]:
        return ("language",)

    def private_link(self) -> str:
        return f"https://{self.name}.example/bot"

    def private_place(self, user: str) -> str | None:
        return f"chat-of-{user}"

    async def working(self, address: Address) -> None:
        async with self._change:
            self.working_in.append(address.conversation)
            self._change.notify_all()

    async def administers(self, address: Address, user: str) -> bool:
        return (address.conversation, user) in self.admins

    async def close(self) -> None:
        self.closed = True

    # ------------------------------------------------------------------------------------- what the test does

    def person(self, name: str, room: str = "") -> Person:
        """A user in a private chat with the bot, or in a room."""
        place = room or f"chat-of-{name}"
        self.places.setdefault(place, Readership(frozenset() if room else frozenset({name}), closed=not room))
        return Person(self, name, place, private=not room)

    def ends(self, reason: str = "the token was revoked") -> None:
        """The account is gone."""
        self._end.put_nowait(ChannelEndedError(reason))

    def breaks(self, error: Exception) -> None:
        """The adapter has a bug."""
        self._end.put_nowait(error)

    def leaves(self) -> None:
        """The channel ends as it should, as a terminal whose input ends."""
        self._end.put_nowait(None)

    async def hands_over(self, *happenings: Inbound, cursor: str | None = None) -> None:
        """The network delivers."""
        await self.listens.wait()
        assert self._receive is not None
        await self._receive(self.name, happenings, cursor=cursor)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something to be true of what was delivered."""
        async with asyncio.timeout(PATIENCE_S), self._change:
            await self._change.wait_for(condition)

    async def answer_to(self, event_id: str) -> Outgoing:
        """The (first) answer to a message, when it is there."""
        await self.until(lambda: any(message.answers == event_id for message in self.delivered))
        return next(message for message in self.delivered if message.answers == event_id)

    def answers_to(self, event_id: str) -> int:
        """How often a message was answered until now."""
        return sum(message.answers == event_id for message in self.delivered)

    def next_id(self) -> str:
        return f"{self.name}-{next(self._ids)}"


@dataclass(slots=True)
class Person:
    """A user on a ``FakeChannel``."""

    channel: FakeChannel
    name: str
    conversation: str
    private: bool = True
    last: Outgoing | None = None
    asked: list[str] = field(default_factory=list)

    def inbound(self, text: str = "", **changes: Any) -> Inbound:
        """What the network would hand over."""
        values: dict[str, Any] = {
            "id": self.channel.next_id(),
            "address": Address(self.channel.name, self.conversation),
            "user": self.name,
            "text": text,
            "private": self.private,
            "at": datetime.now(UTC),
        }
        return Inbound(**(values | changes))

    async def says(self, text: str, **changes: Any) -> str:
        """Write, and wait for the answer; returns what is heard."""
        event_id = await self.writes(text, **changes)
        self.last = await self.channel.answer_to(event_id)
        return self.hears()

    async def writes(self, text: str, **changes: Any) -> str:
        """Write without waiting; returns the id of the message."""
        message = self.inbound(text, **changes)
        self.asked.append(message.id)
        await self.channel.hands_over(message)
        return message.id

    def hears(self) -> str:
        """The last answer, as a user reads it without markup."""
        return plain(self.last.document) if self.last else ""

    def sees(self) -> list[str]:
        """The buttons under the last answer, by their commands."""
        return [choice.command for choice in self.last.choices] if self.last else []

    async def presses(self, command: str) -> str:
        """Press a button of the last answer: it says what could be typed instead."""
        assert self.last is not None
        return await self.says(next(choice.typed for choice in self.last.choices if choice.command == command))

    async def reacts(self, emoji: str) -> None:
        """Mark the last answer."""
        assert self.last is not None
        await self._does(Happening.REACTION, f"sent-{self.last.id}", emoji)

    async def takes_back(self, event_id: str = "") -> None:
        """Delete a message of one's own, by default the last."""
        await self._does(Happening.RETRACTION, event_id or self.asked[-1])

    async def changes(self, text: str) -> None:
        """Edit the last message."""
        await self._does(Happening.EDIT, self.asked[-1], text)

    async def _does(self, what: Happening, refers_to: str, text: str = "") -> None:
        await self.channel.hands_over(self.inbound(text, happening=what, refers_to=refers_to))


# The accounts of the bot on the networks that a ``FakeChannel`` of that name stands for.
ACCOUNTS: dict[str, Any] = {
    "matrix": {"homeserver": "https://matrix.example", "user_id": "@stadtlotse:matrix.example", "password": "x"},
    "telegram": {"token": "424242:test"},
}


@asynccontextmanager
async def running_bot(
    store: Store, embedder: Embedder, channels: Sequence[Channel], state_dir: Path, **settings: Any
) -> AsyncIterator[Bot]:
    """The whole bot at work; stops in order at the end of the block."""
    search = SearchService(store, embedder)
    await search.start()
    settings = {channel.name: ACCOUNTS[channel.name] for channel in channels if channel.name in ACCOUNTS} | settings
    bot = Bot(Settings(state_dir=state_dir, **settings), KnowledgeBase(store, search), Texts(), channels)
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bot.run(stop, lambda _name, _problem: None))
        try:
            for channel in channels:
                if isinstance(channel, FakeChannel):
                    await channel.listens.wait()
            yield bot
        finally:
            stop.set()
            await running


async def settled(bot: Bot) -> None:
    """Wait until everything that came in is handled, and everything that can be sent now is sent."""
    async with asyncio.timeout(PATIENCE_S):
        await bot.idle()
