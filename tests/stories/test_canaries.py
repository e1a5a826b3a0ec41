"""Every field holds marked data while whole conversations run over all networks. Then the tests search for the marks in
what other users saw, in all log lines and metrics and, after the user is erased, in every byte of the database.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from bot.app import periods_of
from bot.channels.port import UndeliverableError
from bot.messages import Outgoing
from bot.messages.markup import plain
from config.retention import RetentionSettings
from knowledge_base.retention import purge
from knowledge_base.store.database import Store
from tests.fakes import FakeChannel, Person, settled
from tests.introducing import PROJECT, Networks, code_in, networks
from tests.wording import says

TOWN = {
    "record": "municipality", "id": "99000001", "name": "Musterstadt", "kind": "Stadt",
    "mail_domains": ["musterstadt.example"],
}  # fmt: skip
OF_CONTACT = {  # class -> the mark in that field of the imported contact
    "email": "qxmailqx@cottbus.example",
    "phone": "+49 355 7391846",
    "matrix_id": "@qxmatrixqx:cottbus.example",
    "legal_basis": "public_function",
    "source": "https://cottbus.example/qxsourceqx",
}
MARKED = {"qxmailqx", "7391846", "qxmatrixqx"}  # what nobody but the contact may see before a yes
CONTACT = {
    "record": "contact", "id": "c-marked", "role": "Leitung Digitale Stadt", "municipality": "Cottbus/Chóśebuz",
    "projects": [PROJECT], "topics": ["Mobilität"], "name": "Qxpersonqx Niemand", **OF_CONTACT,
}  # fmt: skip
NAME, QUESTION = "Zzqname Zzqvorname", "Zzqfrage: wie lief das mit dem Rad?"
PHONE, OFFICE, ACCOUNT = "+49 331 8462913", "zzqoffice@musterstadt.example", "@zzqanna:musterstadt.example"
PERIODS = periods_of(RetentionSettings(), timedelta(minutes=30))
OF_ASKER = {"Zzqname", "Zzqfrage", "8462913", "zzqoffice", "zzqanna"}


@dataclass
class Seen:
    """What a network delivered to a user."""

    texts: list[str]

    def __contains__(self, mark: str) -> bool:
        return any(mark.lower() in text.lower() for text in self.texts)


def seen_by(channel: FakeChannel, *conversations: str, others: bool = False) -> Seen:
    """Everything delivered to these conversations, or to all others: text, buttons, subject, addresses in links."""
    seen = [message for message in channel.delivered if (message.address.conversation in conversations) is not others]
    return Seen([_all_of(one) for one in seen])


def _all_of(message: Outgoing) -> str:
    buttons = [f"{choice.label} {choice.command} {choice.typed}" for choice in message.choices]
    return "\n".join([plain(message.document), repr(message.document), message.subject, message.unsubscribe, *buttons])


@pytest.fixture
def log_lines(capfd: pytest.CaptureFixture[str]) -> Iterator[list[dict[str, Any]]]:
    """Every event that is logged, whatever its level."""
    before = structlog.get_config()
    with structlog.testing.capture_logs() as lines:
        yield lines
    structlog.configure(**before)


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path, contacts=[CONTACT, TOWN]) as running:
        yield running


async def introduces_herself(net: Networks) -> Person:
    anna = net.matrix.person(ACCOUNT)
    await anna.says("!hilfe")
    await anna.says(f"!profil name {NAME}")
    await anna.says(f"!profil telefon {PHONE}")
    await anna.says(f"!bestaetigen {OFFICE}")
    await settled(net.bot)
    (code,) = [match[0] for mail in net.mails(OFFICE) if (match := re.search(r"\b\d{6}\b", mail))]
    assert says("verify.done", await anna.says(code))
    return anna


async def requests(net: Networks, anna: Person) -> str:
    await anna.says(f"!frage {QUESTION}")
    shown = await anna.says(f"!kontakt ={PROJECT}")
    assert says("intro.preview", shown), shown
    await anna.says("1")
    await net.passes()
    return code_in(anna.hears())


async def looks_around(*people: Person) -> None:
    """Commands that strangers try in order to see data of others."""
    for somebody in people:
        for text in (
            "Wer hat in Cottbus etwas zur Mobilität gemacht?", "Wer ist zuständig für die Digitale Stadt Cottbus?",
            "1", f"!zeige ={PROJECT}", "!zeige c-marked", "!zeige =c-marked", "Zzq", "!meinedaten",
            "!meinedaten json", "!mehr", "!kontakt status", "!hilfe", "!datenschutz", "!widerruf", "!profil",
            "!wochenbrief", "!bestaetigen planung@musterstadt.example",
        ):  # fmt: skip
            await somebody.says(text)


def log_text(lines: list[dict[str, Any]]) -> str:
    return json.dumps(lines, default=repr, ensure_ascii=False).lower()


async def test_strangers_logs_and_metrics_show_no_data_of_asker_or_contact(
    log_lines: list[dict[str, Any]], net: Networks
) -> None:
    anna = await introduces_herself(net)
    net.email.faults.append(UndeliverableError("mailbox full"))  # what goes wrong is logged
    await anna.says(f"!bestaetigen {OFFICE}")
    await settled(net.bot)
    code = await requests(net, anna)
    strangers = [
        net.matrix.person("@fremd:b.example"),
        net.telegram.person("666"),
        net.matrix.person("@r:b.example", "!room"),
    ]
    await looks_around(*strangers)
    for stranger in strangers:
        await stranger.says(f"!ja {code}")
        await stranger.says(f"!nein {code}")
    await net.passes()
    contact_mail = OF_CONTACT["email"]
    for mark in MARKED:
        assert mark not in seen_by(net.matrix, others=True), mark
        assert mark not in seen_by(net.telegram, others=True), mark
        assert mark not in seen_by(net.email, contact_mail, others=True), mark
    for mark in OF_ASKER:
        assert mark not in seen_by(net.matrix, anna.conversation, others=True), mark
        assert mark not in seen_by(net.telegram, others=True), mark
        assert mark not in seen_by(net.email, contact_mail, OFFICE, others=True), mark
    request = seen_by(net.email, contact_mail)
    assert "Zzqname" in request  # the contact sees who asks and what, and nothing by which to reach them
    assert "Zzqfrage" in request
    for mark in ("8462913", "zzqoffice", "zzqanna"):
        assert mark not in request, mark
    assert {line["event"] for line in log_lines} >= {"outbox.dead"}
    everywhere = log_text(log_lines)
    exposed = net.bot.metrics.exposition().decode().lower()
    for mark in MARKED | OF_ASKER:
        assert mark.lower() not in everywhere, mark
        assert mark.lower() not in exposed, mark


async def test_public_name_stays_hidden_before_both_agree_and_is_deleted_with_its_user(
    sqlite_store: Store, tmp_path: Path, log_lines: list[dict[str, Any]]
) -> None:
    mark, named = "zzqpublic", {"public_name": "Zzqpublic_1"}
    async with networks(sqlite_store, tmp_path, contacts=[CONTACT, TOWN]) as net:
        tom = net.telegram.person("4711")
        for text in ("!hilfe", f"!profil name {NAME}", "!profil kommune Musterstadt", f"!frage {QUESTION}"):
            await tom.says(text, **named)
        assert marks_left(tmp_path, {mark}) == {}, "not before it can be needed"
        shown = await tom.says(f"!kontakt ={PROJECT}", **named)
        assert "@Zzqpublic_1" in shown
        await tom.says("1", **named)
        code = code_in(tom.hears())
        await net.passes()
        stranger = net.telegram.person("666")
        await looks_around(stranger)
        await stranger.says(f"!ja {code}")
        contact_mail = OF_CONTACT["email"]
        assert "Zzqfrage" in seen_by(net.email, contact_mail)
        for channel in (net.matrix, net.email):
            assert mark not in seen_by(channel, others=True), "not before both said yes"
        assert mark not in seen_by(net.telegram, tom.conversation, others=True)
        assert mark not in log_text(log_lines)
        assert mark not in net.bot.metrics.exposition().decode().lower()
        assert set(marks_left(tmp_path, {mark})) == {mark}  # the search would find it
        await tom.says("!loeschen ja", **named)
        await net.passes()
        await purge(sqlite_store, PERIODS)
    await sqlite_store.close()
    assert marks_left(tmp_path, {mark}) == {}


async def test_erased_asker_leaves_no_byte_in_any_file(
    sqlite_store: Store, tmp_path: Path, log_lines: list[dict[str, Any]]
) -> None:
    async with networks(sqlite_store, tmp_path, contacts=[CONTACT, TOWN]) as net:
        anna = await introduces_herself(net)
        await requests(net, anna)
        await anna.says("!meinedaten")
        await anna.says("!loeschen")
        assert set(marks_left(tmp_path, OF_ASKER)) == OF_ASKER  # the search would find them
        before = len(net.mails(OF_CONTACT["email"]))
        assert says("forget.done", await anna.says("!loeschen ja"))
        await net.passes()
        messages = net.mails(OF_CONTACT["email"])[before:]
        assert len(messages) == 1
        assert "Zzq" not in messages[0]
        await purge(sqlite_store, PERIODS)
    await sqlite_store.close()
    assert marks_left(tmp_path, OF_ASKER) == {}


async def test_erased_contact_leaves_no_byte_in_any_file(sqlite_store: Store, tmp_path: Path) -> None:
    async with networks(sqlite_store, tmp_path, contacts=[CONTACT, TOWN]) as net:
        lead = net.matrix.person("@qxlead:cottbus.example")
        await lead.says(f"!bestaetigen {OF_CONTACT['email']}")
        await settled(net.bot)
        (code,) = [match[0] for mail in net.mails(OF_CONTACT["email"]) if (match := re.search(r"\b\d{6}\b", mail))]
        assert "Leitung Digitale Stadt" in await lead.says(code)
        anna = await introduces_herself(net)
        await requests(net, anna)
        assert set(marks_left(tmp_path, MARKED)) == MARKED
        await lead.says("!loeschen ja")
        await net.passes()
        await purge(sqlite_store, PERIODS)
    await sqlite_store.close()
    assert marks_left(tmp_path, MARKED | {"qxpersonqx", "qxlead"}) == {}


def marks_left(folder: Path, marks: set[str]) -> dict[str, list[str]]:
    """Search all files of the installation except the import file: mark -> files that still hold it."""
    seen: dict[str, list[str]] = {}
    for file in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "contacts.jsonl"):
        content = file.read_bytes().lower()
        for mark in marks:
            if mark.lower().encode() in content or mark.lower().encode("utf-16-le") in content:
                seen.setdefault(mark, []).append(file.name)
    return seen
