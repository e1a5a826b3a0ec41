"""One bot on a real homeserver, a Bot API and a mail server, with its pages: introductions that cross all of them.

Every field of every user carries a mark. In the end the test searches all data that each server has seen for the
marks, and states exactly where each may be.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import nio
import pytest

from tests.introducing import KNOWLEDGE, PROJECT, code_in
from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.evidence import in_mails, in_synapse, in_telegram, links_in, marks_in
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse, free_port
from tests.smtp_sink import SmtpSink
from tests.telegram_api import LoopbackApi, Message, User

pytestmark = [pytest.mark.matrix]

PATIENCE_S = 150.0  # the regular work looks every ten seconds; never waited for when all is well
LEAD, DEPUTY, OFFICE = "qxlead@cottbus.example", "qydeputy@cottbus.example", "zzqoffice@potsdam.example"
CONTACTS: list[dict[str, Any]] = [
    {
        "record": "contact", "id": "c-lead", "role": "Leitung Digitale Stadt", "municipality": "Cottbus/Chóśebuz",
        "email": LEAD, "phone": "+49 355 7391846", "matrix_id": "@qxmatrix:cottbus.example", "name": "Qxperson",
        "projects": [PROJECT], "deputy": "c-mobility", "legal_basis": "public_function",
        "source": "https://cottbus.example/kontakt",
    },
    {
        "record": "contact", "id": "c-mobility", "role": "Mobilitätsstelle", "municipality": "Cottbus/Chóśebuz",
        "email": DEPUTY, "phone": "+49 355 5550199", "name": "Qyperson", "projects": [PROJECT],
        "legal_basis": "public_function", "source": "https://cottbus.example/kontakt",
    },
]  # fmt: skip
ANNAS = {"zzqname", "zzqwinkel", "8462913", "zzqoffice"}
TOMS = {"qtname", "qtwinkel", "qtreach"}
LEADS = {"qxlead", "7391846", "qxmatrix", "qxperson"}
DEPUTYS = {"qydeputy", "5550199", "qyperson"}
BENS = {"bqname", "bqwinkel", "6620417"}
MARKS = ANNAS | TOMS | LEADS | DEPUTYS | BENS
STATE = "SELECT state, outcome, contact FROM introduction WHERE code = ?"


@dataclass
class Place:
    """The bot and the servers around it."""

    bot: BotProcess
    api: LoopbackApi
    mail: SmtpSink
    url: str

    def state(self, code: str) -> tuple[str, str | None, str]:
        return tuple(self._rows(STATE, code)[0])  # type: ignore[return-value]

    async def delivered(self, code: str) -> None:
        """Wait until the arrival of the request is noted; from then on nothing changes by itself."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while self.state(code)[0] == "sent":
            assert asyncio.get_running_loop().time() < deadline
            await asyncio.sleep(0.05)

    def _rows(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        database = sqlite3.connect(f"file:{self.bot.state / 'stadtlotse.db'}?mode=ro", uri=True)
        try:
            return database.execute(query, values).fetchall()
        finally:
            database.close()

    def decided(self) -> list[list[tuple[Any, ...]]]:
        """All rows that a click could change."""
        tables = ("introduction", "page", "consent", "block", "profile", "subscription")
        return [sorted(self._rows(f"SELECT * FROM {table}"), key=repr) for table in tables]

    async def scanned(self, links: list[str]) -> str:
        """A mail filter fetches each link three times first and decides nothing; return what it could read."""
        before, seen = self.decided(), ""
        async with httpx.AsyncClient(timeout=60) as robot:
            for link in links * 3:
                assert (await robot.head(link)).status_code == 200
                seen += (await robot.get(link)).text
        assert self.decided() == before
        return seen

    async def posted(self, link: str, **fields: Any) -> str:
        async with httpx.AsyncClient(headers={"Origin": self.url}, timeout=60) as human:
            answer = await human.post(link, data=fields)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def mailed(self, address: str, text: str) -> str:
        """The text of the newest mail there with these words in it."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while not (seen := [mail.text for mail in self.mail.to(address) if text in mail.text]):
            came = [(mail.recipients, mail.mail["Subject"]) for mail in self.mail.taken]
            assert asyncio.get_running_loop().time() < deadline, (came, self._rows("SELECT * FROM introduction"))
            await asyncio.sleep(0.05)
        return seen[-1]

    async def hears(self, user: User, text: str) -> str:
        """The newest message with these words in it, with the targets of its links."""
        await self.api.world.until(lambda: [m for m in self.api.world.said(user) if text in m.text], PATIENCE_S)
        message = [message for message in self.api.world.said(user) if text in message.text][-1]
        targets = [str(button.get("url", "")) for button in (*message.entities, *message.buttons)]
        return " ".join([message.text, *targets]).replace("\u2060", "")

    async def writes(self, user: User, text: str) -> str:
        answer: Message = await self.api.world.answer(self.api.world.say(user, text), PATIENCE_S)
        return answer.text.replace("\u2060", "")


@pytest.fixture
async def place(new_bot: Callable[..., BotProcess], tmp_path: Path) -> AsyncIterator[Place]:
    async with LoopbackApi() as api, SmtpSink() as mail, _serving(new_bot, api, mail, tmp_path) as made:
        yield made
        assert api.violations == []


@asynccontextmanager
async def _serving(
    new_bot: Callable[..., BotProcess], api: LoopbackApi, mail: SmtpSink, folder: Path
) -> AsyncIterator[Place]:
    port = free_port()
    smtp = {"HOST": "127.0.0.1", "PORT": str(mail.port), "TLS": "none", "SENDER": "lotse@stadtlotse.example"}
    web = {"ENABLED": "true", "PORT": str(port), "PUBLIC_URL": f"http://127.0.0.1:{port}"}
    bot = new_bot(
        **{f"SMTP__{name}": value for name, value in smtp.items()},
        **{f"WEB__{name}": value for name, value in web.items()},
        TELEGRAM__TOKEN=api.token, TELEGRAM__API_BASE_URL=api.base_url, LOG__LEVEL="DEBUG",
        INTRODUCTIONS__PER_CONTACT_WEEK="5",
    )  # fmt: skip
    towns = [KNOWLEDGE[0] | {"mail_domains": ["cottbus.example"]}, KNOWLEDGE[1] | {"mail_domains": ["potsdam.example"]}]
    records = folder / "contacts.jsonl"
    records.write_text("\n".join(json.dumps(contact) for contact in (*towns, KNOWLEDGE[2], *CONTACTS)))
    done = bot.run("import", str(records))
    assert done.returncode == 0, done.stderr
    await bot.start()
    yield Place(bot, api, mail, web["PUBLIC_URL"])


async def tells(person: Person, room: str, *texts: str) -> str:
    """Send the texts one after the other; return the last answer."""
    body = ""
    for text in texts:
        question = await person.say(room, text)
        body = (await person.answer(room, question, PATIENCE_S))["content"]["body"]
    return body


async def reads(person: Person, room: str, bot: BotProcess, text: str) -> str:
    def found() -> list[str]:
        bodies = [event["content"].get("body", "") for event in person.from_user(room, bot.user_id)]
        return [body for body in bodies if text in body]

    await person.until(lambda: bool(found()), PATIENCE_S)
    return found()[-1]


async def code_for(place: Place, address: str) -> str:
    return six_digits(await place.mailed(address, "Das ist Ihr Code"))


def six_digits(text: str) -> str:
    match = re.search(r"\b\d{3} ?\d{3}\b", text)
    assert match, text
    return match[0]


async def deputy_comes_to_telegram(place: Place, deputy: User) -> None:
    """The deputy proves the imported address there; then mail to it bounces, and an admin reports that."""
    await place.writes(deputy, f"!bestaetigen {DEPUTY}")
    assert "Mobilitätsstelle" in await place.writes(deputy, await code_for(place, DEPUTY))
    done = await asyncio.to_thread(place.bot.run, "bounced", DEPUTY)
    assert done.returncode == 0, done.stderr


async def from_matrix_by_mail_to_telegram(place: Place, anna: Person, chat: str, deputy: User) -> None:
    """Anna asks on Matrix; the lead, by mail, passes it on; the deputy, on Telegram, says yes on a page."""
    await tells(anna, chat, "!profil name Zzqname", "!profil telefon +49 331 8462913", f"!bestaetigen {OFFICE}")
    assert "Bestätigt" in await tells(anna, chat, await code_for(place, OFFICE))
    await tells(anna, chat, "!frage Wie habt ihr die Mobilität im Zzqwinkel finanziert?")
    preview = await tells(anna, chat, f"!kontakt ={PROJECT}")
    assert "genau das" in preview, preview
    code = code_in(await tells(anna, chat, "1"))

    request = await place.mailed(LEAD, "Zzqwinkel")
    assert marks_in(request, MARKS) == {"zzqname", "zzqwinkel"}, (
        "who asks, and what; how to reach them after a yes only"
    )
    links = links_in(request, place.url)
    await place.delivered(code)
    await place.scanned(links)
    page = next(link for link in links if "/i/" in link)
    await place.posted(page, answer="deputy")
    await place.posted(page, answer="deputy", code=await code_for(place, LEAD))
    assert place.state(code)[2] == "c-mobility"

    told = await place.hears(deputy, "liegt etwas bereit")
    (page,) = links_in(told, place.url)
    await place.delivered(code)
    assert marks_in(await place.scanned([page]), ANNAS) == set(), "a look alone shows nothing"
    assert marks_in(await place.posted(page, step="show"), ANNAS) == {"zzqname", "zzqwinkel"}
    await place.posted(page, answer="yes")
    digits = six_digits(await place.hears(deputy, "zu der einer unserer Links"))
    await place.posted(page, answer="yes", share=["phone"], code=digits)

    shown = await reads(anna, chat, place.bot, "5550199")
    assert marks_in(shown, MARKS) == {"5550199", "zzqwinkel"} or marks_in(shown, MARKS) == {"5550199"}
    await place.api.world.until(lambda: len(_waiting(place, deputy)) > 1, PATIENCE_S)
    note = links_in(_waiting(place, deputy)[-1], place.url)[-1]
    assert marks_in(await place.scanned([note]), ANNAS) == set()
    assert {"8462913", "zzqoffice"} <= marks_in(await place.posted(note, step="read"), ANNAS)
    assert "vermittelt" in await tells(anna, chat, "!kontakt status")


def _waiting(place: Place, user: User) -> list[str]:
    """The Telegram messages which tell a user that a message waits on a page."""
    said = [message for message in place.api.world.said(user) if "liegt etwas bereit" in message.text]
    return [" ".join([m.text, *(str(e.get("url", "")) for e in (*m.entities, *m.buttons))]) for m in said]


async def from_telegram_to_matrix(place: Place, tom: User, lead: Person, chat: str) -> None:
    """Tom asks on Telegram; the lead, who has proved the imported address on Matrix, says yes there."""
    await tells(lead, chat, f"!bestaetigen {LEAD}")
    assert "Leitung Digitale Stadt" in await tells(lead, chat, await code_for(place, LEAD))
    for text in ("!profil name Qtname", "!profil kommune Potsdam", "!frage Wer fährt durch den Qtwinkel in Cottbus?"):
        await place.writes(tom, text)
    assert "erreichen" in await place.writes(tom, f"!kontakt ={PROJECT}")
    assert "genau das" in await place.writes(tom, "Fach 1180 qtreach im Rathaus")
    code = code_in(await place.writes(tom, "1"))

    request = await reads(lead, chat, place.bot, code)
    assert marks_in(request, MARKS) == {"qtname", "qtwinkel"}
    await tells(lead, chat, f"!ja {code} matrix")
    assert "qtreach" in await reads(lead, chat, place.bot, "qtreach")
    note = links_in(await place.hears(tom, "liegt etwas bereit"), place.url)[-1]
    assert lead.user_id not in await place.scanned([note])
    shown = await place.posted(note, step="read")
    assert lead.user_id in shown
    assert marks_in(shown, LEADS) == set(), "what the import said of the lead was not chosen"
    assert "vermittelt" in await place.writes(tom, "!kontakt status")


async def within_matrix(place: Place, ben: Person, chat: str, lead: Person, leads_chat: str) -> str:
    """Ben asks on Matrix, the lead says yes there: the room that the bot makes for both."""
    await tells(ben, chat, "!profil name Bqname", "!profil kommune Potsdam", "!profil telefon +49 331 6620417")
    await tells(ben, chat, "!frage Was kostet die Mobilität im Bqwinkel?")
    assert "genau das" in await tells(ben, chat, f"!kontakt ={PROJECT}")
    code = code_in(await tells(ben, chat, "1"))
    await reads(lead, leads_chat, place.bot, code)
    await tells(lead, leads_chat, f"!ja {code} matrix")
    for person in (ben, lead):
        await person.until(lambda one=person: bool(one.client.invited_rooms), PATIENCE_S)  # type: ignore[misc]
    (room,) = ben.client.invited_rooms
    for person in (ben, lead):
        await person.client.join(room)
        assert marks_in(await reads(person, room, place.bot, "gehört der Raum Ihnen"), MARKS) == {"bqname", "bqwinkel"}
    return str(room)


async def named_by(person: Person, room: str) -> dict[str, dict[str, Any]]:
    """What a homeserver can read of a room apart from its messages: the state that is not about members."""
    answer = await person.client.room_get_state(room)
    assert isinstance(answer, nio.RoomGetStateResponse), answer
    return {event["type"]: event["content"] for event in answer.events if event["type"] != "m.room.member"}


async def test_introductions_across_matrix_telegram_and_mail_leak_no_personal_data(
    place: Place, synapse: Synapse
) -> None:
    tom, deputy = place.api.world.user(11), place.api.world.user(12)
    async with (
        await Person.new(synapse) as anna,
        await Person.new(synapse) as lead,
        await Person.new(synapse) as ben,
    ):
        annas, leads = [await person.room_with(place.bot.user_id, encrypted=True) for person in (anna, lead)]
        await deputy_comes_to_telegram(place, deputy)
        await from_matrix_by_mail_to_telegram(place, anna, annas, deputy)
        await from_telegram_to_matrix(place, tom, lead, leads)
        bens = await ben.room_with(place.bot.user_id, encrypted=True)
        state = await named_by(ben, await within_matrix(place, ben, bens, lead, leads))
        assert anna.unreadable == lead.unreadable == ben.unreadable == {}
    assert state["m.room.name"] == {"name": "Digitale Stadt Cottbus"}, "the title of the public project alone"
    assert re.fullmatch(r"#stadtlotse-[0-9a-f]{20}:.+", state["m.room.canonical_alias"]["alias"]), "nothing to guess"
    assert "m.room.topic" not in state
    assert marks_in(json.dumps(state, ensure_ascii=False), MARKS) == set(), "whoever runs a homeserver reads this"
    async with httpx.AsyncClient(timeout=60) as monitor:
        figures = (await monitor.get(f"{place.url}/metrics")).text
    assert "stadtlotse_questions_total" in figures
    await place.bot.end()

    own_database = (place.bot.state / "stadtlotse.db").read_bytes().decode("latin-1")
    assert marks_in(own_database, {"zzqname", "qtname", "5550199"}) == {"zzqname", "qtname", "5550199"}, (
        "they would be found"
    )
    assert in_synapse(synapse, MARKS) == set(), "whatever people said there is encrypted"
    assert in_synapse(synapse, {anna.user_id}) == {anna.user_id}, "a homeserver knows its own accounts"
    assert in_telegram(place.api, MARKS) == {"11": TOMS}, "their own data, to themselves, and nobody else's to anybody"
    assert in_mails(place.mail, MARKS) == {LEAD: {"zzqname", "zzqwinkel"}}, "the request alone, to whom it was for"
    log = place.bot.log.read_text()
    assert "search.refreshed" in log
    assert marks_in(log, MARKS) == set()
    assert marks_in(figures, MARKS) == set()
