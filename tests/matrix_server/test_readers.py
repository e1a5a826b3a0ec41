"""Personal messages go only to a room that only the user and the bot can read when the bot sends them."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import nio
import pytest

from tests.introducing import LEAD, PROJECT, code_in
from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse, free_port
from tests.smtp_sink import SmtpSink
from tests.wording import says

pytestmark = [pytest.mark.matrix]

SECRETS = ("000001", LEAD, "Dezernat Verkehr")
CODE = re.compile(r"\b\d{3} ?\d{3}\b")


@pytest.fixture
async def mail() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as server:
        yield server


@pytest.fixture
async def introducer(new_bot: Callable[..., BotProcess], mail: SmtpSink, knowledge_with_contact: Path) -> BotProcess:
    """A bot with mail and pages that knows the contact of a project."""
    smtp = {"HOST": "127.0.0.1", "PORT": str(mail.port), "TLS": "none", "SENDER": "lotse@stadtlotse.example"}
    port = str(free_port())
    pages = {"WEB__ENABLED": "true", "WEB__PORT": port, "WEB__PUBLIC_URL": f"http://127.0.0.1:{port}"}
    made = new_bot(**pages, **{f"SMTP__{name}": value for name, value in smtp.items()})
    shutil.copy(knowledge_with_contact, made.state)
    await made.start()
    return made


@pytest.fixture
async def third(synapse: Synapse) -> AsyncIterator[Person]:
    async with await Person.new(synapse) as made:
        yield made


@pytest.fixture
async def contact(synapse: Synapse) -> AsyncIterator[Person]:
    async with await Person.new(synapse) as made:
        yield made


def clear(text: str) -> str:
    """Without the marks that keep clients from making links."""
    return text.replace("\u2060", "").replace("\u200b", "")


def bodies(person: Person, room: str, bot: BotProcess) -> list[str]:
    """What the bot said in a room, as this person sees it."""
    return [clear(event["content"].get("body", "")) for event in person.from_user(room, bot.user_id)]


async def hears(person: Person, room: str, bot: BotProcess, text: str) -> str:
    try:
        await person.until(lambda: any(text in body for body in bodies(person, room, bot)), 40)
    except TimeoutError:
        kinds = [(event["type"], event["sender"]) for event in person.events.get(room, [])]
        pytest.fail(f"not heard: {text}; heard: {bodies(person, room, bot)}; {kinds}; {person.unreadable}")
    return next(body for body in reversed(bodies(person, room, bot)) if text in body)


async def tells(person: Person, room: str, *commands: str) -> str:
    body = ""
    for command in commands:
        body = clear((await person.ask(room, command))["content"]["body"])
    return body


async def requests(person: Person, room: str) -> str:
    """Send an introduction request; return its code."""
    await tells(person, room, "!profil name Dezernat Verkehr", "!profil kommune Potsdam")
    await tells(person, room, "Wie habt ihr die Mobilität finanziert?", f"!kontakt ={PROJECT}")
    return code_in(await tells(person, room, "1"))


async def says_yes(person: Person, mail: SmtpSink) -> None:
    """The contact agrees on the page of the mail and shares all contact data."""
    await person.until(lambda: bool(mail.to(LEAD)))
    link = re.search(r"http://127\.0\.0\.1:\d+/i/[\w-]+", mail.to(LEAD)[-1].text)
    assert link, mail.to(LEAD)[-1].text
    async with httpx.AsyncClient(timeout=60) as browser:
        before = len(mail.to(LEAD))
        assert (await browser.post(link[0], data={"answer": "yes"})).status_code == 200
        await person.until(lambda: len(mail.to(LEAD)) > before)
        code = re.search(r"\b\d{3} ?\d{3}\b", mail.to(LEAD)[-1].text)
        assert code, mail.to(LEAD)[-1].text
        answer = await browser.post(link[0], data={"answer": "yes", "share": ["email", "phone"], "code": code[0]})
    assert answer.status_code == 200


async def comes_in(host: Person, room: str, guest: Person) -> None:
    await host.client.room_invite(room, guest.user_id)
    await guest.client.join(room)
    await guest.until(lambda: room in guest.client.rooms)
    await host.sync(300)


async def state(person: Person, room: str, kind: str) -> dict[str, Any]:
    answer = await person.client.room_get_state_event(room, kind)
    assert isinstance(answer, nio.RoomGetStateEventResponse), answer
    return dict(answer.content)


def assert_reads_nothing(person: Person) -> None:
    seen = json.dumps([event["content"] for events in person.events.values() for event in events], ensure_ascii=False)
    assert [secret for secret in SECRETS if secret in clear(seen)] == []


async def test_user_invited_after_the_request_cannot_read_its_outcome(
    introducer: BotProcess, mail: SmtpSink, person: Person, third: Person
) -> None:
    room = await person.room_with(introducer.user_id, encrypted=True)
    await requests(person, room)
    await comes_in(person, room, third)
    await says_yes(person, mail)
    private = await person.joins()
    assert "+49 355 000001" in await hears(person, private, introducer, LEAD)
    await third.sync(1000)
    assert not [body for body in bodies(third, room, introducer) if not says("room.grown", body)]
    assert_reads_nothing(third)
    assert (await person.client.joined_members(private)).members  # type: ignore[union-attr]
    refused = await person.client.room_invite(private, third.user_id)
    assert isinstance(refused, nio.RoomInviteError), "only the bot may invite there"
    assert not any("000001" in body for body in bodies(person, room, introducer))


async def test_contact_is_asked_in_a_private_room_after_a_colleague_joined_the_chat(
    introducer: BotProcess, mail: SmtpSink, person: Person, contact: Person, third: Person
) -> None:
    chat = await contact.room_with(introducer.user_id, encrypted=True)
    await tells(contact, chat, f"!bestaetigen {LEAD}")
    await contact.until(lambda: bool(mail.to(LEAD)))
    code = CODE.search(mail.to(LEAD)[-1].text)
    assert code
    assert "Cottbus" in await tells(contact, chat, code[0])
    await comes_in(contact, chat, third)
    asked = await requests(person, await person.room_with(introducer.user_id, encrypted=True))
    private = await contact.joins()
    assert "Dezernat Verkehr" in await hears(contact, private, introducer, asked)
    await third.sync(1000)
    assert_reads_nothing(third)
    await tells(contact, private, f"!ja {asked}", "1")  # and the conversation goes on there


@pytest.mark.parametrize("history", ["world_readable", "shared"])
async def test_bot_shows_no_personal_data_in_a_public_room(
    introducer: BotProcess, person: Person, third: Person, history: str
) -> None:
    room = await person.room(introducer.user_id, preset=nio.RoomPreset.public_chat, history=history)
    await person.until(lambda: bool(person.from_user(room, introducer.user_id)))
    await tells(person, room, "Mobilität in Musterstadt", f"!kontakt ={PROJECT}", "!meinedaten")
    await person.sync(500)
    assert not person.client.invited_rooms
    token = {"Authorization": f"Bearer {third.client.access_token}"}
    url = f"{person.server.url}/_matrix/client/v3/rooms/{room}/messages?dir=b&limit=50"
    async with httpx.AsyncClient() as browser:
        seen = (await browser.get(url, headers=token)).text
    assert [secret for secret in (*SECRETS, "genau das", "heißen Sie") if secret in seen] == []


async def test_chat_with_readable_history_continues_in_a_private_room(
    introducer: BotProcess, mail: SmtpSink, person: Person, third: Person
) -> None:
    room = await person.room_with(introducer.user_id, encrypted=True, preset=nio.RoomPreset.private_chat)
    assert (await state(person, room, "m.room.history_visibility"))["history_visibility"] == "shared"
    question = await person.say(room, "!profil name Dezernat Verkehr")
    private = await person.joins()
    assert "Dezernat Verkehr" in await hears(person, private, introducer, "Dezernat Verkehr")
    pointer = await person.answer(room, question)
    assert "Dezernat" not in pointer["content"]["body"]
    assert (await state(person, private, "m.room.history_visibility"))["history_visibility"] == "invited"
    assert (await state(person, private, "m.room.join_rules"))["join_rule"] == "invite"
    assert (await state(person, private, "m.room.encryption"))["algorithm"] == "m.megolm.v1.aes-sha2"
    await tells(person, private, "!profil kommune Potsdam", "Wie habt ihr die Mobilität finanziert?")
    await person.ask(room, f"!kontakt ={PROJECT}")  # asked in the old place, answered in the new one
    await hears(person, private, introducer, "Was möchten Sie wissen?")
    assert "genau das" in await tells(person, private, "Wie habt ihr die Mobilität finanziert?")
    assert code_in(await tells(person, private, "1"))
    await says_yes(person, mail)
    await hears(person, private, introducer, LEAD)
    assert not person.client.invited_rooms, "one private room, however much is said"
    await comes_in(person, room, third)
    await third.sync(1000)
    said = [body for body in bodies(person, room, introducer) if any(secret in body for secret in SECRETS)]
    assert said == []
    assert_reads_nothing(third)


async def test_bot_with_rights_closes_the_history_of_a_direct_chat_to_later_members(
    introducer: BotProcess, person: Person, third: Person
) -> None:
    room = await person.room_with(introducer.user_id, encrypted=True)
    assert (await state(person, room, "m.room.history_visibility"))["history_visibility"] == "shared"
    await tells(person, room, "Mobilität in Musterstadt")
    assert (await state(person, room, "m.room.history_visibility"))["history_visibility"] == "shared"
    assert "Dezernat Verkehr" in await tells(person, room, "!profil name Dezernat Verkehr")
    assert (await state(person, room, "m.room.history_visibility"))["history_visibility"] == "joined"
    assert not person.client.invited_rooms
    await comes_in(person, room, third)
    token = {"Authorization": f"Bearer {third.client.access_token}"}
    url = f"{person.server.url}/_matrix/client/v3/rooms/{room}/messages?dir=b&limit=100"
    async with httpx.AsyncClient() as browser:
        chunk = (await browser.get(url, headers=token)).json()["chunk"]
    seen = {event["event_id"] for event in chunk}
    mine = [e for e in person.from_user(room, introducer.user_id) if SECRETS[-1] in str(e["content"].get("body"))]
    assert mine
    assert not seen & {event["event_id"] for event in mine}


async def test_user_who_left_the_private_room_gets_a_new_room_on_the_next_request(
    introducer: BotProcess, person: Person
) -> None:
    room = await person.room_with(introducer.user_id, preset=nio.RoomPreset.private_chat)
    await person.ask(room, "!profil name Dezernat Verkehr")
    first = await person.joins()
    await hears(person, first, introducer, "Dezernat Verkehr")
    await person.client.room_leave(first)
    await person.sync(500)
    await person.ask(room, "!profil kommune Potsdam")
    second = await person.joins()
    await hears(person, second, introducer, "Potsdam")


@pytest.mark.parametrize(
    "place",
    ["matrix.private_room_made", "matrix.private_room_noted", "matrix.private_room_invited", "outbox.after_send"],
)
async def test_kill_does_not_lead_to_a_second_private_room(introducer: BotProcess, person: Person, place: str) -> None:
    room = await person.room_with(introducer.user_id, preset=nio.RoomPreset.private_chat)
    await introducer.end()
    await introducer.start(FAIL_AT=place)
    await person.say(room, "!profil name Dezernat Verkehr")
    assert await introducer.ended() == -9, place
    await introducer.start()
    await person.ask(room, "!profil kommune Potsdam")
    private = await person.joins()
    await hears(person, private, introducer, "Potsdam")
    assert not person.client.invited_rooms
    assert sum("Name: Dezernat Verkehr" in body for body in bodies(person, private, introducer)) >= 1


async def test_only_the_admin_can_read_an_alert(
    synapse: Synapse, new_bot: Callable[..., BotProcess], person: Person, third: Person
) -> None:
    bot = new_bot(ADMINS=f"matrix:{person.user_id}")
    await bot.start()
    room = await person.room_with(bot.user_id, encrypted=True)
    await person.ask(room, "!hilfe")
    await comes_in(person, room, third)
    await bot.end()
    backup = bot.state / "copy.tar"
    assert bot.run("backup", str(backup)).returncode == 0
    done = bot.run("restore", str(backup), "--force")
    assert done.returncode == 0, done.stderr
    await bot.start()
    private = await person.joins()
    await person.until(lambda: bool(bodies(person, private, bot)))
    await third.sync(1000)
    assert not [body for body in bodies(third, room, bot) if not says("room.grown", body)]


async def test_alert_is_said_in_the_management_room_only_while_admins_alone_read_it(
    synapse: Synapse, new_bot: Callable[..., BotProcess], person: Person, contact: Person, third: Person
) -> None:
    bot = new_bot(ADMINS=f"matrix:{person.user_id},matrix:{contact.user_id}")
    await bot.start()
    room = await person.room_with(bot.user_id, contact.user_id, encrypted=True, history="invited")
    assert await contact.joins() == room
    await person.ask(room, "!hilfe")
    backup = bot.state / "copy.tar"
    assert bot.run("backup", str(backup)).returncode == 0
    await restored(bot, backup, room)
    await contact.until(lambda: any(says("alert.restored", body) for body in bodies(contact, room, bot)))
    assert says("operate.status", clear((await contact.ask(room, "!status"))["content"]["body"]))

    await comes_in(person, room, third)
    await restored(bot, backup, room)
    for admin in (person, contact):
        private = await admin.joins()
        await admin.until(lambda who=admin, place=private: bool(bodies(who, place, bot)))  # type: ignore[misc]
        (alert,) = bodies(admin, private, bot)
        assert says("alert.restored", alert)
        assert says("alert.room_overheard", alert)
    await third.sync(1000)
    assert not [body for body in bodies(third, room, bot) if not says("room.grown", body)]


async def restored(bot: BotProcess, backup: Path, room: str) -> None:
    """Restore a backup, which is an alert at the next start; the room becomes the management room."""
    await bot.end()
    done = bot.run("restore", str(backup), "--force")
    assert done.returncode == 0, done.stderr
    await bot.start(MANAGEMENT_ROOM=f"matrix:{room}")
