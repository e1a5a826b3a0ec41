"""Rectification (Art. 16 GDPR): a user asks for it, an editor does it, both are told; the bot keeps no copy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.features.editors.corrections import MOST
from knowledge_base.ingest.importer import import_files
from knowledge_base.model import Contact, RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.tables import record_change, unanswered
from tests.introducing import LEAD, Networks, asks, contacts_file, known_as, networks
from tests.wording import says

WRONG = "Die Nummer im Eintrag ist falsch, richtig ist +49 355 7654321 (zwitscher@cottbus.example)"


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    async with networks(sqlite_store, tmp_path, editors=("matrix:@erika:a.example",)) as running:
        yield running


async def contact(net: Networks) -> Contact:
    async with net.store.read() as tx:
        stored = await tx.records.get(RecordKind.CONTACT, "c-lead")
    assert stored
    assert isinstance(stored.record, Contact)
    return stored.record


async def test_user_reports_wrong_data_to_the_editors_and_is_told_when_it_is_closed(net: Networks) -> None:
    erika, anna = net.matrix.person("@erika:a.example"), net.matrix.person("@anna:potsdam.example")
    await erika.says("!start")
    assert says("correct.ask", await anna.says("!korrektur"))
    assert says("correct.sent", await anna.says(WRONG))
    await net.passes()
    assert WRONG in net.told(net.matrix, erika.conversation)[-1], "who is to mend it reads what is right"
    listed = await erika.says("!fragen")
    assert "Art. 16" in listed
    assert "7654321" not in listed
    async with net.store.read() as tx:
        rows = [row.text for row in await tx.connection.execute(select(unanswered))]
    assert rows == ["Art. 16"], "nothing of what was wrong outlives the message about it"
    number = listed[listed.index("1 ·") :].split()[0]
    await erika.says(f"!fragen schliessen {number}")
    await net.passes()
    assert says("question.closed", net.told(net.matrix, anna.conversation)[-1])


async def test_corrections_that_a_user_sends_to_editors_are_limited(net: Networks) -> None:
    anna = net.matrix.person("@anna:potsdam.example")
    await net.matrix.person("@erika:a.example").says("!start")
    said = [await anna.says(f"!korrektur Nummer {number}") for number in range(MOST + 1)]
    assert [says("correct.sent", message) for message in said] == [True] * MOST + [False]


async def test_user_who_reports_wrong_data_is_told_if_no_editor_is_reachable(net: Networks) -> None:
    assert says("notice.first", await net.matrix.person("@anna:potsdam.example").says("!korrektur so ist es falsch"))


async def test_editor_corrects_a_contact_who_is_told_and_no_import_undoes_it(net: Networks, tmp_path: Path) -> None:
    await asks(await known_as(net.matrix.person("@anna:potsdam.example")))  # so the contact is written to
    await net.passes()
    erika = net.matrix.person("@erika:a.example")
    assert "Telefon = +49 355 000001" in await erika.says("!bearbeiten c-lead")
    with capture_logs() as logged:
        assert says("edit.contact_told", await erika.says("!bearbeiten c-lead phone = +49 355 7654321"))
    assert (await contact(net)).phone == "+49 355 7654321"
    await net.passes()
    messages = net.mails(LEAD)[-1]
    assert "berichtigt: Telefon" in messages
    assert "7654321" not in messages, "a mail may be read by others"
    await import_files(net.store, [contacts_file(tmp_path)])
    assert (await contact(net)).phone == "+49 355 7654321"
    async with net.store.read() as tx:
        changes = (await tx.connection.execute(select(record_change).where(record_change.c.id == "c-lead"))).all()
    assert [(row.what, list(row.fields)) for row in changes][-1] == ("changed", ["phone"])
    trace = [line for line in logged if line["event"] == "record.edited"]
    assert [(line["record"], line["fields"]) for line in trace] == [("c-lead", ["phone"])]
    assert "7654321" not in repr(logged) + repr(changes)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("!bearbeiten c-lead id = x", "edit.no_such_field"),
        ("!bearbeiten c-lead email = kein at", "edit.refused.no_mail"),
        ("!bearbeiten c-lead phone = +49 355 000001", "edit.same"),
        ("!bearbeiten c-niemand", "edit.not_found"),
    ],
)
async def test_invalid_correction_of_a_contact_changes_nothing(net: Networks, text: str, key: str) -> None:
    before = await contact(net)
    assert says(key, await net.matrix.person("@erika:a.example").says(text))
    assert await contact(net) == before


async def test_only_editors_correct_a_contact_and_not_in_a_room_or_on_telegram(
    sqlite_store: Store, tmp_path: Path
) -> None:
    editors = ("matrix:@erika:a.example", "telegram:77")
    async with networks(sqlite_store, tmp_path, editors=editors) as net:
        before = await contact(net)
        for somebody, answer in (
            (net.matrix.person("@eve:evil.example"), "Redaktion"),
            (net.matrix.person("@erika:a.example", "!room"), "Einzelchat"),
            (net.telegram.person("77"), "Matrix"),
        ):
            for text in ("!bearbeiten c-lead", "!bearbeiten c-lead phone = +49 355 7654321"):
                said = await somebody.says(text)
                assert answer in said
                assert "000001" not in said
        assert await contact(net) == before
        assert says("one_to_one_only", await net.matrix.person("@anna:a.example", "!room").says(f"!korrektur {WRONG}"))
