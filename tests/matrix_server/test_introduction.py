"""Two people who never met, a mail server and a homeserver: from a question to an encrypted room of their own."""

from __future__ import annotations

import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import nio
import pytest

from tests.introducing import LEAD, PROJECT, code_in
from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse
from tests.patience import PATIENCE_S
from tests.smtp_sink import SmtpSink

pytestmark = [pytest.mark.matrix]


@pytest.fixture
async def mail() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as server:
        yield server


@pytest.fixture
async def other(synapse: Synapse) -> AsyncIterator[Person]:
    async with await Person.new(synapse) as made:
        yield made


@pytest.fixture
async def introducer(new_bot: Callable[..., BotProcess], mail: SmtpSink, knowledge_with_contact: Path) -> BotProcess:
    """A bot that sends mail and knows the contact of a project."""
    smtp = {"HOST": "127.0.0.1", "PORT": str(mail.port), "TLS": "none", "SENDER": "lotse@stadtlotse.example"}
    made = new_bot(**{f"SMTP__{name}": value for name, value in smtp.items()})
    shutil.copy(knowledge_with_contact, made.state)
    await made.start()
    return made


async def code_by_mail(person: Person, mail: SmtpSink) -> str:
    """The newest code that was sent to the contact's address."""
    await person.until(lambda: bool(mail.to(LEAD)), PATIENCE_S)
    match = re.search(r"\b\d{3} ?\d{3}\b", mail.to(LEAD)[-1].text)
    assert match, mail.to(LEAD)[-1].text
    return match[0]


def said(person: Person, room: str, bot: BotProcess, text: str) -> str:
    """The last message of the bot in the room that contains these words."""
    bodies = [event["content"].get("body", "") for event in person.from_user(room, bot.user_id)]
    return next((body for body in reversed(bodies) if text in body), "")


async def hears(person: Person, room: str, bot: BotProcess, text: str) -> str:
    await person.until(lambda: bool(said(person, room, bot, text)), PATIENCE_S)
    return said(person, room, bot, text)


async def tells(person: Person, room: str, *commands: str) -> str:
    """Send the commands one after the other; return the last answer."""
    body = ""
    for command in commands:
        body = (await person.ask(room, command))["content"]["body"]
    return body


async def test_introduction_leads_from_a_question_to_an_encrypted_room(
    introducer: BotProcess, mail: SmtpSink, person: Person, other: Person
) -> None:
    asker_chat = await person.room_with(introducer.user_id, encrypted=True)
    contact_chat = await other.room_with(introducer.user_id, encrypted=True)

    await tells(other, contact_chat, f"!bestaetigen {LEAD}")
    proof = await tells(other, contact_chat, await code_by_mail(other, mail))
    assert "Cottbus" in proof, proof

    await tells(person, asker_chat, "!profil name Dezernat Verkehr", "!profil kommune Potsdam")
    await tells(person, asker_chat, "Wie habt ihr die Mobilität finanziert?")
    preview = await tells(person, asker_chat, f"!kontakt ={PROJECT}")
    assert "genau das" in preview, preview
    assert other.user_id not in preview
    code = code_in(await tells(person, asker_chat, "1"))

    request = await hears(other, contact_chat, introducer, code)
    assert "Dezernat Verkehr" in request
    assert person.user_id not in request
    await tells(other, contact_chat, f"!ja {code}", "1")

    for one in (person, other):
        await one.until(lambda one=one: bool(one.client.invited_rooms), PATIENCE_S)  # type: ignore[misc]
    (room,) = person.client.invited_rooms
    assert list(other.client.invited_rooms) == [room]
    for one in (person, other):
        await one.client.join(room)
        opening = await hears(one, room, introducer, "gehört der Raum Ihnen")
        assert "Mobilität" in opening
        assert one.unreadable == {}
    answer = await person.client.room_get_state_event(room, "m.room.encryption")
    assert isinstance(answer, nio.RoomGetStateEventResponse)
    await person.sync(300)
    greeting = await person.say(room, "Guten Tag!")
    await other.until(lambda: any(event["event_id"] == greeting for event in other.events.get(room, [])))
    for member, chat in ((person, asker_chat), (other, contact_chat)):
        await hears(member, chat, introducer, "Einladung")
    assert len(mail.to(LEAD)) == 1  # the code; the request came to the messenger
    assert "vermittelt" in await tells(person, asker_chat, "!kontakt status")
