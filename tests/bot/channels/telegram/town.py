"""The bot between Telegram, a mail server, users on Matrix and its own pages; data of all users that must not leak."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from structlog.testing import capture_logs

from bot.channels.email import EmailChannel
from bot.features import introductions
from config.smtp import SmtpSettings
from knowledge_base.ingest.importer import import_files
from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import TEXTS, Rig, make_settings, running
from tests.bot.web.pages.conftest import dump
from tests.fakes import ACCOUNTS
from tests.introducing import KNOWLEDGE, PROJECT, RoomChannel
from tests.knowledge_base.ingest.examples import jsonl
from tests.ports import free_port
from tests.smtp_sink import SmtpSink
from tests.telegram_api import LoopbackApi, User

MAIL, PHONE, NAME = "kanarie.leitung@cottbus.example", "+49 355 7654321", "Kanarie Zuständig"
CONTACT: dict[str, Any] = {
    "record": "contact", "id": "c-lead", "role": "Leitung Digitale Stadt", "municipality": "Cottbus/Chóśebuz",
    "email": MAIL, "phone": PHONE, "matrix_id": "@kanarie:cottbus.example", "name": NAME, "projects": [PROJECT],
    "legal_basis": "public_function", "source": "https://cottbus.example/kontakt",
}  # fmt: skip
OF_THE_CONTACT = (MAIL, "kanarie.leitung", PHONE, "7654321", "@kanarie:cottbus.example", NAME)
ASKER, QUESTION = "Fragegern Sperling", "Wer hat in Cottbus etwas zur Mobilität im Sperlingswinkel gemacht?"
REACH, MATRIX = "sperling@potsdam.example", "@sperling:potsdam.example"
OF_THE_ASKER = (ASKER, "Sperling", "Sperlingswinkel", REACH, MATRIX)
SERVERS_LOG = "mail.log"  # what the mail server of the test writes


def code_in(text: str) -> str:
    match = re.search(r"\b\d{3} ?\d{3}\b", text)
    assert match, text
    return match[0]


@dataclass
class Town:
    """The bot between Telegram, a mail server, people on Matrix and its own pages."""

    rig: Rig
    sink: SmtpSink
    matrix: RoomChannel
    url: str
    logged: list[Any]
    caplog: pytest.LogCaptureFixture

    async def settled(self) -> None:
        """Run all due work and deliver all messages."""
        for _ in range(3):
            await introductions.due(self.rig.bot.services)
            self.rig.bot.wake_senders()
            await self.rig.settled()

    def link(self, text: str, page: str) -> str:
        match = re.search(rf"{re.escape(self.url)}/{page}/[\w-]{{22}}(?![\w-])", text)
        assert match, text
        return match[0]

    def links(self, text: str) -> set[str]:
        return set(re.findall(rf"{re.escape(self.url)}/[\w/-]+", text))

    async def _stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all rows but facts: a running bot notes there when it last heard of a network."""
        return {table: rows for table, rows in (await dump(self.rig.store)).items() if table != "fact"}

    async def scanned(self, links: set[str]) -> str:
        """A network or its filter fetches every link three times; nothing changes. What it could read."""
        before, seen = await self._stored(), []
        async with httpx.AsyncClient() as robot:
            for link in sorted(links) * 3:
                answer = await robot.get(link)
                assert answer.status_code == 200, link
                assert (await robot.head(link)).status_code == 200
                seen.append(answer.text)
        assert await self._stored() == before
        return "\n".join(seen)

    async def posted(self, link: str, status: int = 200, **fields: Any) -> str:
        """A human presses a button of the page."""
        async with httpx.AsyncClient(headers={"Origin": self.url}) as human:
            answer = await human.post(link, data=fields)
        assert answer.status_code == status, answer.text
        return answer.text

    async def proven(self, link: str, chat: User | None = None, status: int = 200, **fields: Any) -> str:
        """A human presses a button, and enters the code that comes to the mailbox then, or to this chat."""
        await self.posted(link, answer=fields["answer"])
        await self.rig.settled()
        messages = self.rig.world.said(chat)[-1].text if chat else self.sink.to(MAIL)[-1].text
        return await self.posted(link, status, **fields, code=code_in(messages))

    async def state(self, code: str) -> str:
        async with self.rig.store.read() as tx:
            introduction = await tx.introductions.by_code(code)
        assert introduction
        return introduction.state

    def telegram_saw(self, *canaries: str) -> list[str]:
        """Those of the canaries that were in any call of the Bot API."""
        wire = "\n".join(call.raw for call in self.rig.api.calls).replace("\u2060", "")
        assert "Cottbus" in wire, "else the canaries are looked for in the wrong place"
        return [canary for canary in canaries if canary in wire]

    def log_is_silent(self) -> None:
        lines = [repr(one) for one in self.logged] + [
            record.getMessage() for record in self.caplog.records if record.name != SERVERS_LOG
        ]
        assert any("search.refreshed" in line for line in lines), "else nothing is looked through"
        assert [line for line in lines if any(datum in line for datum in (*OF_THE_CONTACT, *OF_THE_ASKER))] == []


@asynccontextmanager
async def stored(folder: Path) -> AsyncIterator[Store]:
    """The contact and the project, and the real clock."""
    store = await Store.open(f"sqlite:///{folder / 'town.db'}")
    try:
        place = KNOWLEDGE[0] | {"mail_domains": ["cottbus.example"]}
        (report,) = await import_files(store, [jsonl(folder / "town.jsonl", [place, *KNOWLEDGE[1:], CONTACT])])
        assert not report.errors
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def town_of(
    api: LoopbackApi, folder: Path, caplog: pytest.LogCaptureFixture, **settings: Any
) -> AsyncIterator[Town]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with SmtpSink() as sink, stored(folder) as store:
        smtp = SmtpSettings(host="127.0.0.1", port=sink.port, tls="none", sender="lotse@stadtlotse.example")
        web = {"port": port, "public_url": url, "enabled": True}
        found = make_settings(api, folder, web=web, smtp=smtp, matrix=ACCOUNTS["matrix"], **settings)
        matrix = RoomChannel()
        with capture_logs() as logged, caplog.at_level(logging.INFO):
            async with running(api, store, found, beside=[EmailChannel(found, TEXTS), matrix]) as rig:
                yield Town(rig, sink, matrix, url, logged, caplog)
