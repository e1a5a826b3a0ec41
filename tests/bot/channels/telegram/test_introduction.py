"""Two people, one of them on Telegram: the loopback Bot API, a real mail server and the real pages in between."""

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

from bot import introducing
from bot.channels.email import EmailChannel
from bot.markup import plain
from config.smtp import Smtp
from knowledge_base.ingest.importer import import_files
from knowledge_base.introduction_values import State
from knowledge_base.store.database import Store
from tests.bot.channels.telegram.rig import TEXTS, Rig, free_port, make_settings, running
from tests.bot.web.pages.conftest import dump
from tests.introducing import KNOWLEDGE, PROJECT, RoomChannel, code_in, known_as
from tests.knowledge_base.ingest.examples import jsonl
from tests.smtp_sink import SmtpSink
from tests.telegram_api import LoopbackApi, Message, User

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
        """What is due is done, and everybody has got what is theirs."""
        for _ in range(3):
            await introducing.due(self.rig.bot.services)
            self.rig.bot.wake_senders()
            await self.rig.settled()

    def link(self, text: str, page: str) -> str:
        found = re.search(rf"{re.escape(self.url)}/{page}/[\w-]{{22}}(?![\w-])", text)
        assert found, text
        return found[0]

    def links(self, text: str) -> set[str]:
        return set(re.findall(rf"{re.escape(self.url)}/[\w/-]+", text))

    async def scanned(self, links: set[str]) -> str:
        """A network or its filter fetches every link three times; nothing changes. What it could read."""
        before, seen = await dump(self.rig.store), []
        async with httpx.AsyncClient() as robot:
            for link in sorted(links) * 3:
                answer = await robot.get(link)
                assert answer.status_code == 200, link
                assert (await robot.head(link)).status_code == 200
                seen.append(answer.text)
        assert await dump(self.rig.store) == before
        return "\n".join(seen)

    async def posted(self, link: str, status: int = 200, **fields: Any) -> str:
        """A human presses a button of the page."""
        async with httpx.AsyncClient(headers={"Origin": self.url}) as human:
            answer = await human.post(link, data=fields)
        assert answer.status_code == status, answer.text
        return answer.text

    async def state(self, code: str) -> str:
        async with self.rig.store.read() as tx:
            one = await tx.introductions.by_code(code)
        assert one
        return one.state

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
        assert [line for line in lines if any(one in line for one in (*OF_THE_CONTACT, *OF_THE_ASKER))] == []


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
        smtp = Smtp(host="127.0.0.1", port=sink.port, tls="none", sender="lotse@stadtlotse.example")
        web = {"port": port, "public_url": url, "enabled": True}
        found = make_settings(api, folder, web=web, smtp=smtp, **settings)
        matrix = RoomChannel()
        with capture_logs() as logged, caplog.at_level(logging.INFO):
            async with running(api, store, found, beside=[EmailChannel(found, TEXTS), matrix]) as rig:
                yield Town(rig, sink, matrix, url, logged, caplog)


async def asked(rig: Rig, anna: User) -> str:
    """From a question to a request that went out: buttons all along; the code of the request."""
    world = rig.world
    answer = await rig.ask(anna, QUESTION)
    assert await rig.press(anna, answer, "Kontakt") == ""
    await rig.settled()
    assert "Wie heißen Sie" in world.said(anna)[-1].text
    assert "Kommune" in (await rig.ask(anna, ASKER)).text
    noted = await rig.ask(anna, "Potsdam")
    assert "erreichen" in await pressed(rig, anna, noted, "Weiter")
    preview = await rig.ask(anna, REACH)
    assert "genau das" in preview.text
    assert "Leitung Digitale Stadt" in preview.text
    assert QUESTION in preview.text
    return code_in(await pressed(rig, anna, preview, "1"))


async def pressed(rig: Rig, user: User, message: Message, button: str) -> str:
    """Press, and what is said then."""
    before = len(rig.world.said(user))
    assert await rig.press(user, message, button) == ""
    await rig.world.until(lambda: len(rig.world.said(user)) > before)
    return last(rig, user)


def last(rig: Rig, user: User) -> str:
    """What the bot said last, without the marks that keep addresses from becoming links."""
    return rig.world.said(user)[-1].text.replace("\u2060", "")


def number_of(text: str, option: str) -> str:
    """The number before the last option with these words: the one that names nothing else."""
    found = [line for line in text.splitlines() if option in line]
    assert found, text
    return found[-1].split(".")[0].strip()


async def answered_by_mail(town: Town, code: str) -> None:
    """The contact reads the mail after their filter did, and says yes on the page."""
    (request,) = town.sink.to(MAIL)
    assert ASKER in request.text
    assert QUESTION in request.text
    assert REACH not in request.text + request.html, "the asker's own data come after the yes"
    assert await town.state(code) == State.DELIVERED
    await town.scanned(town.links(f"{request.text} {request.html}"))
    assert await town.state(code) == State.DELIVERED
    page = town.link(request.text, "i")
    await town.posted(page, answer="yes", share=["email"])
    await town.posted(page, 410, answer="yes", share=["email"])
    await town.settled()
    assert await town.state(code) == State.ARRANGED


async def test_asked_on_telegram_answered_by_mail(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        anna = api.world.user(11)
        code = await asked(town.rig, anna)
        await town.settled()
        await answered_by_mail(town, code)
        outcome = last(town.rig, anna)
        page = town.link(wire_of(api.world.said(anna)[-1]), "n")
        assert "liegt etwas bereit" in outcome
        seen = await town.scanned({page})
        assert [one for one in OF_THE_CONTACT if one in seen] == [], "a look alone shows nothing"
        shown = await town.posted(page, step="read")
        assert MAIL in shown
        assert PHONE not in shown, "that was not shared"
        arranged = town.sink.to(MAIL)[-1]
        assert REACH in arranged.text
        assert "vermittelt" in (await town.rig.ask(anna, "!kontakt status")).text
        assert len(town.sink.to(MAIL)) == 2
    assert town.telegram_saw(*OF_THE_CONTACT) == []
    town.log_is_silent()


async def test_a_controller_may_let_the_outcome_through(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """And so the canaries are where the test above looks for them; what was not shared stays away all the same."""
    async with town_of(api, tmp_path, caplog, telegram={"personal_data": True}) as town:
        anna = api.world.user(11)
        code = await asked(town.rig, anna)
        await town.settled()
        await answered_by_mail(town, code)
        assert MAIL in last(town.rig, anna)
    assert town.telegram_saw(*OF_THE_CONTACT) == [MAIL, "kanarie.leitung"]
    town.log_is_silent()


async def contact_on_telegram(town: Town, lead: User) -> None:
    """The contact proves the imported address to be theirs, and is reached on Telegram from then on."""
    await town.rig.ask(lead, f"!bestaetigen {MAIL}")
    await town.rig.settled()
    found = re.search(r"\b\d{3} ?\d{3}\b", town.sink.to(MAIL)[-1].text)
    assert found
    assert "Cottbus" in (await town.rig.ask(lead, found[0])).text


async def asked_on_matrix(town: Town) -> str:
    anna = await known_as(town.matrix.person(MATRIX), ASKER)
    await anna.says(f"!frage {QUESTION}")
    shown = await anna.says(f"!kontakt ={PROJECT}")
    assert "genau das" in shown, shown
    await anna.says("1")
    return code_in(anna.hears())


def wire_of(message: Message) -> str:
    """A message with the targets of its links."""
    return " ".join([message.text, *(str(one.get("url", "")) for one in (*message.entities, *message.buttons))])


def heard_on_matrix(town: Town) -> str:
    return plain(town.matrix.delivered[-1].document)


async def test_a_contact_with_telegram_and_mail_gets_the_mail(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Mail may carry what the request says, so nothing of it goes to Telegram, not even a link."""
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        await contact_on_telegram(town, lead)
        before = len(api.world.said(lead))
        code = await asked_on_matrix(town)
        await town.settled()
        assert QUESTION in town.sink.to(MAIL)[-1].text
        await town.posted(town.link(town.sink.to(MAIL)[-1].text, "i"), answer="yes", share=["email"])
        await town.settled()
        assert MAIL in heard_on_matrix(town)
        assert MATRIX in town.sink.to(MAIL)[-1].text
        assert len(api.world.said(lead)) == before
        await town.rig.ask(lead, "!kontakt status")
        await town.rig.ask(lead, f"!ja {code}")
    assert town.telegram_saw(*OF_THE_ASKER) == []
    town.log_is_silent()


async def test_a_contact_with_telegram_alone_gets_links_that_work_once(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with town_of(api, tmp_path, caplog) as town:
        lead = api.world.user(12)
        await contact_on_telegram(town, lead)
        async with town.rig.store.begin() as tx:
            await tx.conversations.gone("email", MAIL, "bounced")
        code = await asked_on_matrix(town)
        await town.settled()
        assert len(town.sink.to(MAIL)) == 1, "the code alone"
        page = town.link(wire_of(api.world.said(lead)[-1]), "i")
        seen = await town.scanned({page})
        assert [one for one in OF_THE_ASKER if one in seen] == [], "a look alone shows nothing"
        assert await town.state(code) == State.DELIVERED
        request = await town.posted(page, step="show")
        assert ASKER in request
        assert QUESTION in request
        assert MATRIX not in request
        await town.posted(page, answer="yes", share=["phone"])
        await town.posted(page, 410, answer="yes", share=["phone"])
        await town.settled()
        assert await town.state(code) == State.ARRANGED
        assert PHONE in heard_on_matrix(town)
        note = town.link(wire_of(api.world.said(lead)[-1]), "n")
        assert MATRIX not in await town.scanned({note})
        assert MATRIX in await town.posted(note, step="read")
        await town.rig.ask(lead, "!kontakt status")
    assert town.telegram_saw(*OF_THE_ASKER) == []
    town.log_is_silent()


async def test_a_controller_may_let_the_request_through(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With buttons then: the contact accepts in the chat, and sees there how to reach the asker."""
    async with town_of(api, tmp_path, caplog, telegram={"personal_data": True}) as town:
        lead = api.world.user(12)
        await contact_on_telegram(town, lead)
        code = await asked_on_matrix(town)
        await town.settled()
        request = api.world.said(lead)[-1]
        assert ASKER in request.text
        assert QUESTION in request.text
        assert town.telegram_saw(MATRIX) == []
        choosing = await pressed(town.rig, lead, request, "Annehmen")
        assert "Was darf die andere Seite" in choosing
        await pressed(town.rig, lead, api.world.said(lead)[-1], number_of(choosing, "zeigen: Mail"))
        await town.settled()
        assert await town.state(code) == State.ARRANGED
        assert MAIL in heard_on_matrix(town)
        assert town.telegram_saw(MATRIX) == [MATRIX]
        assert [one for one in api.world.said(lead) if "Beide Seiten haben Ja gesagt" in one.text]
    town.log_is_silent()
