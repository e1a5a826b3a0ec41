"""What every feature gets: the ``Turn``, the ``Services``; and what it returns, an ``Act``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol

from bot.commands.command import Intent
from bot.messages import Inbound, Say
from bot.operations.health import Health
from bot.outgoing.links import Links
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.model import Answer, Project
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from knowledge_base.store.people import ChatContext, Person
from knowledge_base.store.rooms import RoomSettings
from knowledge_base.store.transaction import Transaction

Act = Callable[[Transaction], Awaitable[Say]]


async def nobody() -> bool:
    """Of a place without admins."""
    return False


@dataclass(frozen=True, slots=True)
class Turn:
    """One message of one person, and where its answer goes."""

    inbound: Inbound
    person: Person
    language: str  # to answer in: chosen, else of the command's words, else of the last question, else German
    reply_id: str  # of the answer in the outbox
    editor: bool
    buttons: bool = False  # whether choices are shown as buttons
    replaces: str = ""  # outbox id of the answer to an earlier version of the question
    awaited: bool = False  # a plain text that completes what we asked for; it may be something else after all
    administers: Callable[[], Awaitable[bool]] = nobody  # whether the person is an admin of this room on the network
    context: ChatContext | None = None  # the last question here, if it is recent, as it was when the turn was loaded
    admin: bool = False
    room: RoomSettings = field(default_factory=RoomSettings)  # of the room that the message came from
    room_options: tuple[str, ...] = ()  # what the network lets an admin of a room set
    private_chat: str = ""  # the address that opens a private chat with the bot, where the network has such links
    no_search: Say | None = None  # why the person gets no further search in this hour
    no_project: Say | None = None  # why the person sees no further project today

    @property
    def context_key(self) -> tuple[str, str, str, str]:
        """Return the key of the conversation and person that a follow-up belongs to."""
        place = self.inbound.address
        return (place.channel, place.conversation, place.thread, self.person.id)

    @property
    def question_key(self) -> tuple[str, str, str, str]:
        """Return the key of a thread on this question, and of replies to its answer."""
        place = self.inbound.address
        return (place.channel, place.conversation, self.inbound.reference, self.person.id)


class Notes(Protocol):
    """Notes of what the bot understood and did."""

    def searched(self, turn: Turn, answer: Answer, whole: Answer) -> None:
        """Note a search: what is shown now, and its first hits at once."""
        ...

    def answered(self, turn: Turn, intent: Intent, key: str, talk: Any) -> None:
        """Note what a message was, and how the talk stands after it."""
        ...


class ReadProjects(Protocol):
    """Adds to projects what readers of a language need."""

    async def read(self, tx: Transaction, projects: Iterable[Project], language: str) -> dict[str, Project]:
        """Return the projects by id, with the translations by machine that the store holds."""
        ...


@dataclass(frozen=True, slots=True)
class Services:
    """What features use."""

    store: Store
    search: SearchService
    settings: Settings
    links: Links
    secret: bytes  # the installation's, for keyed hashes
    texts: Texts
    health: Health = field(default_factory=Health)  # of this process
    reader: ReadProjects | None = None  # adds translations by machine, where a server is set up
    notes: Notes | None = None  # of what was understood, for programs that read it

    @property
    def context_lasts(self) -> timedelta:
        """How long a follow-up still knows the question before it."""
        return timedelta(minutes=self.settings.limits.context_minutes)


# Of a feature: the function that serves each of its intents. The function takes the intent that it is listed for.
Serves = Mapping[type[Intent], Callable[[Turn, Any, Services], Awaitable[Act]]]


def say(make: Say) -> Act:
    """An act that stores nothing."""

    async def act(_tx: Transaction) -> Say:
        return make

    return act
