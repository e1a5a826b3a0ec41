"""A bot with contacts behind a project, on networks named like the real ones: for tests of introductions."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app import Bot
from bot.features import introductions
from bot.messages import Outgoing
from bot.messages.markup import plain
from knowledge_base.ingest.importer import import_files
from knowledge_base.store.database import Store
from tests.fake_embedder import HashEmbedder
from tests.fakes import ACCOUNTS, FakeChannel, Person, running_bot, settled
from tests.wording import says

PROJECT = "bb-cottbus"
LEAD, MOBILITY = "leitung@cottbus.example", "mobilitaet@cottbus.example"
KNOWLEDGE: list[dict[str, Any]] = [
    {"record": "municipality", "id": "12052000", "name": "Cottbus/Chóśebuz", "names": ["Cottbus"], "kind": "Stadt"},
    {"record": "municipality", "id": "12054000", "name": "Potsdam", "kind": "Stadt"},
    {
        "record": "project", "id": PROJECT, "title": "Digitale Stadt Cottbus", "municipality": "Cottbus/Chóśebuz",
        "text": "Cottbus nutzt die Digitalisierung für Mobilität, Bildung und Gesundheit.", "topics": ["Mobilität"],
        "contact_role": "Leitung Digitale Stadt", "url": "https://cottbus.example/projekt",
    },
]  # fmt: skip
CONTACTS: list[dict[str, Any]] = [
    {
        "record": "contact", "id": "c-lead", "role": "Leitung Digitale Stadt", "municipality": "Cottbus/Chóśebuz",
        "email": LEAD, "phone": "+49 355 000001", "projects": [PROJECT], "deputy": "c-mobility",
        "legal_basis": "public_function", "source": "https://cottbus.example/kontakt",
    },
    {
        "record": "contact", "id": "c-mobility", "role": "Mobilitätsbeauftragte Stelle",
        "municipality": "Cottbus/Chóśebuz", "email": MOBILITY, "projects": [PROJECT],
        "legal_basis": "public_function", "source": "https://cottbus.example/kontakt",
    },
]  # fmt: skip
SETTINGS: dict[str, Any] = {
    "smtp": {"host": "127.0.0.1", "tls": "none", "sender": "bot@stadtlotse.example"},
    "web": {"public_url": "https://lotse.example"},
    "limits": {"questions_per_hour": 0},
    **ACCOUNTS,
}


class RoomChannel(FakeChannel):
    """A network on which rooms can be opened; one room for an alias."""

    def __init__(self, name: str = "matrix") -> None:
        super().__init__(name, exactly_once=True)
        self.rooms: dict[str, tuple[tuple[str, ...], Outgoing]] = {}
        self.opened = 0
        self.refuses: Exception | None = None

    async def open_introduction_room(
        self, alias: str, users: tuple[str, str], opening: Outgoing, *, name: str = ""
    ) -> str | None:
        self.opened += 1
        if self.refuses:
            raise self.refuses
        assert name
        self.rooms.setdefault(alias, (users, opening))
        return f"!{alias}"


@dataclass
class Networks:
    """The three networks and the bot on them."""

    bot: Bot
    store: Store
    matrix: RoomChannel
    telegram: FakeChannel
    email: FakeChannel
    channels: dict[str, FakeChannel] = field(default_factory=dict)

    async def passes(self, **time: float) -> None:
        """Time passes, then what is due is done and sent."""
        if time:
            self.store.now.advance(**time)  # type: ignore[attr-defined]
        for _ in range(3):
            await introductions.due(self.bot.services)
            await settled(self.bot)

    def told(self, channel: FakeChannel, conversation: str) -> list[str]:
        """What the bot said there, as a user reads it without markup."""
        return [
            plain(message.document) for message in channel.delivered if message.address.conversation == conversation
        ]

    def mails(self, address: str) -> list[str]:
        return self.told(self.email, address)


def code_in(text: str) -> str:
    """The code that a text names."""
    match = re.search(r"\b[A-HJ-NP-Z2-9]{5}\b", text)
    assert match, text
    return match[0]


def contacts_file(folder: Path, contacts: Sequence[dict[str, Any]] = CONTACTS) -> Path:
    path = folder / "contacts.jsonl"
    path.write_text("\n".join(json.dumps(contact) for contact in (*KNOWLEDGE, *contacts)), encoding="utf-8")
    return path


@asynccontextmanager
async def networks(
    store: Store, folder: Path, *, contacts: Sequence[dict[str, Any]] = CONTACTS, **settings: Any
) -> AsyncIterator[Networks]:
    """The whole bot with contacts, until the end of the block."""
    (report,) = await import_files(store, [contacts_file(folder, contacts)])
    assert not report.errors
    matrix, telegram, email = RoomChannel(), FakeChannel("telegram"), FakeChannel("email")
    async with running_bot(store, HashEmbedder(), [matrix, telegram, email], folder, **(SETTINGS | settings)) as bot:
        yield Networks(bot, store, matrix, telegram, email, {one.name: one for one in (matrix, telegram, email)})


async def known_as(person: Person, name: str = "Dezernat Verkehr", place: str = "Potsdam") -> Person:
    """A person who told name and municipality."""
    await person.says(f"!profil name {name}")
    await person.says(f"!profil kommune {place}")
    return person


async def asks(person: Person, question: str = "Wie habt ihr die Mobilität finanziert?") -> str:
    """A person asks for an introduction and agrees to show everything; the code of the request."""
    await person.says(f"!frage {question}")
    shown = await person.says(f"!kontakt ={PROJECT}")
    assert says("intro.preview", shown), shown
    await person.says("1")
    return code_in(person.hears())
