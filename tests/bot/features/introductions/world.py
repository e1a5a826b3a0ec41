"""Users, contacts and three networks around a real store, without a running bot: the test makes every step."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.context import Services
from bot.features import introductions
from bot.features.introductions import Evidence
from bot.features.introductions.candidates import project_of
from bot.features.introductions.request import begin, change, consent
from bot.messages import Say
from bot.messages.markup import plain
from bot.outgoing.links import Links
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.ingest.importer import import_files
from knowledge_base.introductions.values import ContactAnswer, Event, Helped
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import OutboxRow
from knowledge_base.store.tables import outbox
from knowledge_base.store.transaction import Transaction
from tests.claims import to_send
from tests.conftest import FixedClock
from tests.fake_embedder import HashEmbedder
from tests.introducing import LEAD, MOBILITY, PROJECT, SETTINGS, contacts_file

SECRET = b"s" * 32
TEXTS = Texts()
CHANNELS = ("matrix", "telegram", "email")
# Whose data are whose: what must not be seen before its owner said yes.
OWN: dict[tuple[str, str], dict[str, str]] = {
    ("matrix", "@anna:potsdam.example"): {"matrix": "@anna:potsdam.example"},
    ("telegram", "4711"): {"other": "canary-reach-of-tom"},
    ("email", LEAD): {"email": LEAD, "phone": "+49 355 000001", "matrix": "@lead:cottbus.example"},
    ("email", MOBILITY): {"email": MOBILITY},
}
DATA = {owner: tuple(data.values()) for owner, data in OWN.items()}
ASKERS = (("matrix", "@anna:potsdam.example"), ("telegram", "4711"))
CONTACTS = (("email", LEAD), ("email", MOBILITY))
HOMES = {"@anna:potsdam.example": ("matrix", "@anna:potsdam.example"), "4711": ("telegram", "4711"), LEAD: CONTACTS[0],
         "@lead:cottbus.example": CONTACTS[0], MOBILITY: CONTACTS[1], "99": CONTACTS[1]}  # fmt: skip


class KilledError(Exception):
    """The process is killed before the transaction ends."""


class World:
    """See the module."""

    def __init__(self, store: Store, clock: FixedClock, services: Services) -> None:
        self.store, self.clock, self.services = store, clock, services
        self.delivered: dict[str, tuple[str | None, str, str, str]] = {}  # id → key, channel, conversation, text
        self.codes: list[str] = []

    @classmethod
    async def template(cls, folder: Path) -> tuple[Path, SearchService]:
        """A database with contacts, made once, and the search over it."""
        path = folder / "template.db"
        store = await Store.open(f"sqlite:///{path}", clock=FixedClock())
        await import_files(store, [contacts_file(folder)])
        search = SearchService(store, HashEmbedder())
        await search.start()
        await store.close()
        return path, search

    @classmethod
    async def make(cls, template: Path, search: SearchService, path: Path, **settings: Any) -> World:
        """A copy of the template with its users; the lead is also reachable on Matrix."""
        shutil.copy(template, path)
        clock = FixedClock()
        store = await Store.open(f"sqlite:///{path}", clock=clock)
        values = SETTINGS | {"introductions": {"per_day": 0, "open": 0, "pause_days": 1}} | settings
        links = Links("https://lotse.example", SECRET)
        world = cls(store, clock, Services(store, search, Settings(**values), links, SECRET, TEXTS))
        for account in ASKERS:
            await world.arrives(account)
        return world

    async def arrives(self, account: tuple[str, str]) -> None:
        """A user writes for the first time (again), and tells who they are."""
        async with self.store.begin() as tx:
            person = await tx.people.identify(*account, private_conversation=account[1])
            await tx.profiles.set(person.id, name="Dezernat Verkehr", municipality="12054000")

    async def comes_to_matrix(self) -> None:
        """The lead verified the imported address on Matrix: one person from now on."""
        async with self.store.begin() as tx:
            if await tx.people.of_account("email", LEAD) is None:
                await tx.profiles.person_of_address(LEAD)
            mail = await tx.people.of_account("email", LEAD)
            chat = await tx.people.identify(
                "matrix", "@lead:cottbus.example", private_conversation="@lead:cottbus.example"
            )
            assert mail is not None
            await tx.profiles.merge(mail.id, chat.id)

    async def comes_to_telegram(self) -> None:
        """The second contact verified the imported address on Telegram, and mail to it bounces since then."""
        async with self.store.begin() as tx:
            mail = await tx.profiles.person_of_address(MOBILITY)
            chat = await tx.people.identify("telegram", "99", private_conversation="99")
            if mail.id != chat.id:
                await tx.profiles.merge(mail.id, chat.id)
            await tx.people.switch_off(chat.id, "email")

    async def act(self, work: Callable[[Transaction], Awaitable[Say]], *, crash: bool = False) -> str:
        """Do a unit of work, or kill it before its end; return the answer."""
        try:
            async with self.store.begin() as tx:
                said = await work(tx)
                _maybe_killed(crash)
        except KilledError:
            return "crash"
        return said.key

    async def person(self, tx: Transaction, account: tuple[str, str]) -> str:
        person = await tx.people.of_account(*account)
        return person.id if person else "nobody"

    # -------------------------------------------------------------------------------------------- what people do

    async def asks(self, account: tuple[str, str], *, crash: bool = False) -> str:
        async def work(tx: Transaction) -> Say:
            person = await tx.people.identify(*account, private_conversation=account[1])
            begun = await begin(tx, self.services, person, await project_of(tx, PROJECT), "Wie habt ihr das gemacht?")
            if isinstance(begun, Say):
                return begun
            if account[0] == "telegram":
                begun = await change(tx, begun, reach="canary-reach-of-tom")
            self.codes.append(begun.code)
            return Say("drafted")

        return await self.act(work, crash=crash)

    async def agrees(self, account: tuple[str, str], code: str, *, crash: bool = False) -> str:
        async def work(tx: Transaction) -> Say:
            introduction = await tx.introductions.by_code(code)
            if introduction is None or introduction.asker != await self.person(tx, account):
                return Say("intro.unknown")
            return await consent(tx, self.services, introduction, ("all",), evidence(account), "de")

        return await self.act(work, crash=crash)

    async def answers(
        self, account: tuple[str, str], code: str, answer: ContactAnswer, *kinds: str, crash: bool = False
    ) -> str:
        async def work(tx: Transaction) -> Say:
            introduction = await tx.introductions.by_code(code)
            person = await self.person(tx, account)
            one_id = introduction.id if introduction else ""
            proof = evidence(account)
            return (await introductions.respond(tx, self.services, one_id, person, answer, kinds, proof)).say

        return await self.act(work, crash=crash)

    async def withdraws(self, account: tuple[str, str], code: str, *, crash: bool = False) -> str:
        async def work(tx: Transaction) -> Say:
            introduction = await tx.introductions.by_code(code)
            person = await self.person(tx, account)
            return await introductions.withdraw(
                tx, self.services, introduction.id if introduction else "", person, evidence(account)
            )

        return await self.act(work, crash=crash)

    async def says_whether_it_helped(self, account: tuple[str, str], code: str, how: Helped) -> str:
        async def work(tx: Transaction) -> Say:
            introduction = await tx.introductions.by_code(code)
            person = await self.person(tx, account)
            return await introductions.helped(tx, self.services, introduction.id if introduction else "", person, how)

        return await self.act(work)

    async def for_editors(self, account: tuple[str, str], code: str) -> str:
        async def work(tx: Transaction) -> Say:
            introduction = await tx.introductions.by_code(code)
            person = await self.person(tx, account)
            return await introductions.for_editors(tx, self.services, introduction.id if introduction else "", person)

        return await self.act(work)

    async def objects(self, account: tuple[str, str], *, crash: bool = False) -> str:
        async def work(tx: Transaction) -> Say:
            person = await tx.people.of_account(*account)
            if person is not None:
                await introductions.object_to_all(tx, self.services, person.id)
            return Say("objected")

        return await self.act(work, crash=crash)

    async def likes_it_again(self, account: tuple[str, str]) -> None:
        async with self.store.begin() as tx:
            person = await tx.people.of_account(*account)
            if person is not None:
                await tx.profiles.set(person.id, refuses=False)

    async def happens(self, code: str, event: Event) -> str:
        """An event reaches the rules without any other check: forged, late or doubled."""

        async def work(tx: Transaction) -> Say:
            introduction = await tx.introductions.by_code(code)
            if introduction is None:
                return Say("intro.unknown")
            done = await introductions.apply(tx, self.services, introduction, event)
            return Say(done.refusal or "happened")

        return await self.act(work)

    async def is_erased(self, account: tuple[str, str], *, crash: bool = False) -> str:
        async def work(tx: Transaction) -> Say:
            person = await tx.people.of_account(*account)
            if person is not None:
                await introductions.erase(tx, self.services, person.id)
                await tx.profiles.erase(person.id)
            return Say("erased")

        return await self.act(work, crash=crash)

    # ----------------------------------------------------------------------------------------- what networks do

    async def time(self, passed: timedelta = timedelta(0)) -> None:
        self.clock.moment += passed
        await introductions.due(self.services)

    async def delivers(self, channel: str, fate: str = "sent") -> None:
        """Deliver the waiting messages; a killed sender leaves them to the next one."""
        async with self.store.begin() as tx:
            while rows := await to_send(tx, channel, limit=50):
                result = select(outbox.c.id, outbox.c.key).where(outbox.c.id.in_([row.id for row in rows]))
                keys = {one.id: one.key for one in await tx.connection.execute(result)}
                for row in rows:
                    if fate in ("sent", "killed"):
                        self.delivered[row.id] = (keys[row.id], row.channel, row.conversation, self.text(row))
                    await _ends(tx, row, fate)
                if fate == "killed":
                    break

    def text(self, row: OutboxRow) -> str:
        say = Say.from_json(row.payload["say"])
        values = {**say.values, "link": "https://lotse.example/i/x"} if "link" not in say.values else say.values
        rendered = Say(say.key, values, say.choices)
        choices = " ".join(choice.command for choice in say.choices)
        return f"{plain(TEXTS.render(rendered, 'de'))} {choices}"

    # ------------------------------------------------------------------------------------------------ what is there


async def _ends(tx: Transaction, row: OutboxRow, fate: str) -> None:
    match fate:
        case "sent":
            await tx.outbox.sent(row, f"remote-{row.id}")
        case "dead":
            await tx.outbox.dead(row, "550 no such user")
        case "killed":
            await tx.outbox.retry(row, not_before=tx.now, error="unclear: the sender was stopped")
        case _:
            await tx.outbox.unclear(row, "no answer")


def _maybe_killed(crash: bool) -> None:
    if crash:
        raise KilledError


def evidence(account: tuple[str, str]) -> Evidence:
    return Evidence(account[0], "event", "command", "intro.preview/de/1", "shown")
