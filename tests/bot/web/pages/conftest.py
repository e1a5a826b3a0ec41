"""The pages with a real database behind them: a request that waits for its contact, and the links that were sent."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import MetaData, insert, select
from starlette.types import ASGIApp

from bot.channels.policy import DataClass
from bot.context import Services
from bot.features.accounts.separate import as_json
from bot.features.introductions import notify as telling
from bot.features.places import UNKNOWN
from bot.messages import Say
from bot.operations.health import Health
from bot.operations.metrics import Metrics
from bot.outgoing.links import UNSUBSCRIBE, Links
from bot.outgoing.notify import Notice, tell
from bot.texts import Texts
from bot.web.app import make_app
from bot.web.pages import page_routes
from config.operator import OperatorSettings
from config.settings import Settings
from config.smtp import SmtpSettings
from config.web import WebSettings
from knowledge_base.ingest.importer import import_files
from knowledge_base.introductions.values import Introduction, State
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from knowledge_base.store.profiles import Profile
from knowledge_base.store.tables import account, metadata, outbox
from tests.conftest import FixedClock
from tests.fake_embedder import HashEmbedder
from tests.fakes import ACCOUNTS
from tests.knowledge_base.ingest.examples import contact, jsonl, project

URL = "https://lotse.example"
SECRET = b"k" * 32
TEXTS = Texts()
OPERATOR = OperatorSettings(
    organisation="Amt für Beispiele",
    address="Rathausplatz 1\n03046 Beispielstadt",
    represented_by="die Amtsleitung",
    email="amt@stadt.example",
    data_protection_officer="Datenschutzstelle, datenschutz@stadt.example",
    supervisory_authority="Aufsicht des Landes Beispiel",
    accessibility="Geprüft am 1. November 2026 gegen EN 301 549.",
)
ASKER = "Kanarie Fragegern"  # a name that nothing else holds
QUESTION = "Kanarienfrage: Wie haben Sie die Zählstellen bezahlt?"
TOWN = "Cottbus/Chóśebuz"
KNOWLEDGE = [
    {"record": "municipality", "id": "12052000", "name": TOWN, "names": ["Cottbus"], "kind": "Stadt"},
    project(title="Digitale Stadt Cottbus", municipality=TOWN),
    contact(1, municipality=TOWN, email="rad@cottbus.example", phone="+49 355 0000", projects=["p1"], deputy="c2"),
    contact(2, municipality=TOWN, email="vertretung@cottbus.example", projects=["p1"]),
]


@dataclass
class Site:
    """What the tests use: the application, its services, and the links in the sent messages."""

    app: ASGIApp
    services: Services
    store: Store
    one: Introduction
    contact: str  # person id
    asker: str
    changes: list[None]

    def client(self, **more: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=self.app, client=(more.pop("address", "127.0.0.1"), 4711))
        return httpx.AsyncClient(transport=transport, base_url=URL, **more)

    async def path(self, key: str, page: str = "i", purpose: str = "link") -> str:
        """The link in the message with this key, without the host."""
        async with self.store.read() as tx:
            message_id = await tx.connection.scalar(select(outbox.c.id).where(outbox.c.key == key))
        assert message_id, f"no message {key}"
        return self.services.links.url(page, message_id, purpose).removeprefix(URL)

    async def request_path(self) -> str:
        return await self.path(f"intro:{self.one.id}:request:1")

    async def unsubscribe_path(self) -> str:
        return await self.path(f"intro:{self.one.id}:request:1", UNSUBSCRIBE, UNSUBSCRIBE)

    async def code(self) -> str:
        """The code in the message that went out last."""
        async with self.store.read() as tx:
            rows = (await tx.connection.execute(select(outbox).order_by(outbox.c.seq.desc()))).all()
        return self.services.links.code(next(row.id for row in rows if row.payload.get("code")))

    async def press(self, human: httpx.AsyncClient, path: str, data: Mapping[str, Any]) -> httpx.Response:
        """Press a button, and once more with the code that goes to the mailbox then."""
        asked = await human.post(path, data={"answer": data["answer"]})
        if asked.status_code != 200:
            return asked
        return await human.post(path, data={**data, "code": await self.code()})

    async def state(self) -> Introduction:
        async with self.store.read() as tx:
            introduction = await tx.introductions.get(self.one.id)
        assert introduction
        return introduction

    async def told(self, person: str, say: Say, key: str, **more: Any) -> str:
        """Send a notice to a user and return the path of its link, if it has one."""
        async with self.store.begin() as tx:
            known = await tx.people.get(person)
            assert known
            notice = Notice(say, key, **more)
            result = await tell(tx, known, notice, settings=self.services.settings, links=self.services.links)
        assert result
        return self.services.links.url("n" if result.as_link else notice.page, result.message_id).removeprefix(URL)

    async def everything(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table: to see that nothing changed."""
        return await dump(self.store)


async def dump(store: Store, tables: MetaData = metadata) -> dict[str, list[tuple[Any, ...]]]:
    """Return all rows, except of large tables that no page touches, and what a running bot changes by itself."""
    skipped = {"record", "record_change", "vector", "import_row", "process", "leader"}
    by_itself = {"next_due_at", "looked_at"}
    async with store.read() as tx:
        return {
            table.name: sorted(
                (
                    tuple(row)
                    for row in await tx.connection.execute(select(*(c for c in table.c if c.name not in by_itself)))
                ),
                key=repr,
            )
            for table in tables.sorted_tables
            if table.name not in skipped
        }


@pytest.fixture(scope="session")
def waiting(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SearchService]:
    """A database in which a request waits for its contact, made once to be copied, and what the search knows of it."""
    path = tmp_path_factory.mktemp("waiting") / "stadtlotse.db"
    searches: list[SearchService] = []

    async def make() -> None:
        store = await Store.open(f"sqlite:///{path}", clock=FixedClock())
        await import_files(store, [jsonl(path.parent / "knowledge.jsonl", KNOWLEDGE)])
        searches.append(SearchService(store, HashEmbedder()))
        await searches[0].start()
        await _ask(services_of(store, searches[0], path.parent))
        await store.close()

    asyncio.run(make())
    return path, searches[0]


@pytest.fixture
async def site(waiting: tuple[Path, SearchService], tmp_path: Path, clock: FixedClock) -> AsyncIterator[Site]:
    database, search = waiting
    shutil.copy(database, tmp_path / "site.db")
    store = await Store.open(f"sqlite:///{tmp_path / 'site.db'}", clock=clock)
    services = services_of(store, search, tmp_path)
    changes: list[None] = []
    app = make_app(Health(), Metrics([], []), page_routes(services, changed=lambda: changes.append(None)))
    async with store.read() as tx:
        introduction = await tx.introductions.get("intro-1")
    assert introduction
    yield Site(app, services, store, introduction, introduction.contact_person, introduction.asker, changes)
    await store.close()


def services_of(store: Store, search: SearchService, folder: Path, **changes: Any) -> Services:
    values: dict[str, Any] = {
        "state_dir": folder,
        "admins": ("matrix:@ada:a.example",),
        "web": WebSettings(public_url=URL),
        "operator": OPERATOR,
        "smtp": SmtpSettings(host="127.0.0.1", tls="none", sender="lotse@stadt.example"),
    }
    return Services(store, search, Settings(**ACCOUNTS | values | changes), Links(URL, SECRET), SECRET, TEXTS)


async def _ask(services: Services) -> None:
    async with services.store.begin() as tx:
        asker = await tx.people.identify("matrix", "@ask:a.example", private_conversation="!ask:a.example")
        await tx.profiles.set(asker.id, name=ASKER, municipality=f"{UNKNOWN}Kiel")
        contact_person = await tx.profiles.person_of_address("rad@cottbus.example", language="de")
        one = Introduction(
            id="intro-1",
            code="ABC123",
            asker=asker.id,
            contact="c1",
            contact_person=contact_person.id,
            project="p1",
            question=QUESTION,
            created_at=tx.now,
            due_at=tx.now + timedelta(days=3),
            expires_at=tx.now + timedelta(days=14),
            state=State.SENT,
            asker_shares=(("matrix", "@ask:a.example"),),
        )
        await tx.introductions.add(one)
        assert await telling.request(tx, services, one)


async def on_telegram(site: Site, person: str) -> None:
    """Give this user a Telegram account as the only working account."""
    async with site.store.begin() as tx:
        await tx.connection.execute(account.update().where(account.c.person_id == person).values(active=False))
        values = {"channel": "telegram", "user_id": "11", "person_id": person, "conversation": "11", "active": True}
        await tx.connection.execute(insert(account).values(**values, first_seen=tx.now))


async def note_path(site: Site, value: str = "kanarie@kiel.example", key: str = "note-1") -> str:
    """A link to contact data of another user, sent to a Telegram account that may not carry them."""
    await on_telegram(site, site.contact)
    return await site.told(site.contact, Say("page.data.email", {"value": value}), key, about=DataClass.CONTACT_DATUM)


async def confirm_path(site: Site, address: str = "neu@cottbus.example", token: str = "confirm") -> str:
    """The link in the mail that asks a mailbox whether it wants the digest."""
    async with site.store.begin() as tx:
        at_rest = Links.at_rest(token)
        await tx.pages.keep(
            at_rest, kind="digest", subject="digest", person_id=site.contact, content={"address": address}
        )
    return f"/digest/{token}"


async def disconnect_path(site: Site, token: str = "disconnect") -> str:
    """The link in the mail that tells a mailbox of its connection with an account."""
    async with site.store.begin() as tx:
        address = "rad@cottbus.example"
        empty = as_json(Profile(person_id=""))
        profiles = dict.fromkeys(("owner", "account", "both"), empty)
        content = {"address": address, "channel": "telegram", "accounts": [["email", address]]}
        content |= {"introductions": [], "language": "de"}
        await tx.pages.keep(
            Links.at_rest(token),
            kind="disconnect",
            subject="connect",
            person_id=site.contact,
            content=content | profiles,
        )
    return f"/disconnect/{token}"
