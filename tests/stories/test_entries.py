"""Editors turn an open question into an entry of the knowledge base, after seeing every word of it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.messages import Outgoing
from knowledge_base.ingest.bundle import load_bundle
from knowledge_base.ingest.importer import import_files
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.records import EDITOR, StoredRecord
from tests.fakes import Person
from tests.introducing import Networks, networks
from tests.open_questions import ASKED, EDITOR_ADDRESS, passes_on, send_digests
from tests.wording import says

ANSWER = "Wir haben auf drei Friedhöfen Zisternen gebaut und gießen mit Regenwasser."


@pytest.fixture
async def town(store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    editors = f"{EDITOR_ADDRESS},telegram:77"
    async with networks(store, tmp_path, editors=editors) as town:
        yield town


async def entry(store: Store, record_id: str = "cottbus-regenwasser-auf-friedhoefen") -> StoredRecord:
    async with store.read() as tx:
        record = await tx.records.get(RecordKind.PROJECT, record_id)
    assert record is not None
    return record


async def entries(store: Store) -> int:
    async with store.read() as tx:
        return (await tx.records.count())[RecordKind.PROJECT]


def told(town: Networks, person: Person, words: str) -> list[Outgoing]:
    """The messages to a user that hold these words."""
    return [
        message for message, text in zip(
            [message for message in person.channel.delivered if message.address.conversation == person.conversation],
            town.told(person.channel, person.conversation), strict=True,
        ) if words in text
    ]  # fmt: skip


async def test_editor_publishes_an_entry_from_a_question_and_an_answer(
    town: Networks, asker: Person, colleague: Person, editor: Person
) -> None:
    await colleague.says("!abo Klimaanpassung")
    town.store.now.advance(minutes=1)  # type: ignore[attr-defined]
    number = await passes_on(asker)
    assert says("question.replied", await colleague.says(f"!antwort {number} {ANSWER} Fragen: 0431 123456"))
    assert not says("questions.offered", await editor.says("!fragen"))  # he has not said yes
    assert "1. Ja, die Redaktion darf das" in colleague.hears()
    assert says("question.offered", await colleague.says("1"))
    assert says("questions.offered", await editor.says("!fragen"))

    begun = await editor.says(f"!fragen neu {number}")
    assert ASKED in begun
    assert says("entry.ask_title", begun)
    assert says("entry.ask_municipality", await editor.says("Regenwasser auf Friedhöfen"))
    asked = await editor.says("Cottbus")
    assert ANSWER in asked
    assert "123456" not in asked
    assert "kiel" not in asked.lower()
    shown = await editor.says("1")
    for part in ("So lesen es alle", "Regenwasser auf Friedhöfen", "Cottbus", ANSWER, "Klimaanpassung", "Redaktion"):
        assert part in shown
    assert "1. So veröffentlichen" in shown
    assert ASKED not in shown
    before = await entries(town.store)
    done = await editor.says("1")
    assert "Veröffentlicht: Regenwasser auf Friedhöfen" in done
    assert "1. Regenwasser auf Friedhöfen" in await editor.says("Wer gießt mit Regenwasser auf Friedhöfen?")  # at once
    assert await entries(town.store) == before + 1

    made = await entry(town.store)
    assert isinstance(made.record, Project)
    assert made.source == EDITOR
    assert made.record.sources == ("Redaktion",)
    assert made.record.municipality == "Cottbus"
    assert "Klimaanpassung" in made.record.topics
    await town.passes()
    (heard,) = told(town, asker, "gibt es jetzt einen Eintrag")
    assert [choice.command for choice in heard.choices] == [f"show {made.id}"]
    assert ANSWER in await asker.says(f"!zeige {made.id}")
    (thanked,) = told(town, colleague, "ist ein Eintrag geworden")
    assert thanked
    assert says("questions.no_such", await editor.says(f"!fragen neu {number}"))

    await send_digests(town)
    assert "Neu · Cottbus" in town.told(town.matrix, colleague.conversation)[-1]
    assert "Quelle: Redaktion" in town.told(town.matrix, colleague.conversation)[-1]


async def written(editor: Person, number: str) -> str:
    """Write an entry up to its preview, all in the editor's own words."""
    await editor.says(f"!fragen neu {number}")
    await editor.says("Regenwasser auf Friedhöfen")
    await editor.says("Cottbus")
    return await editor.says("Zisternen halten die Gräber auch im Sommer grün.")


async def test_editor_can_publish_only_the_version_that_they_saw_last(
    town: Networks, asker: Person, editor: Person
) -> None:
    number = await passes_on(asker)
    assert "Zisternen halten" in await written(editor, number)
    (stale, *_) = [choice.typed for choice in editor.last.choices] if editor.last else []
    other = await editor.says(f"!fragen neu {number} titel = Zisternen auf Friedhöfen")
    assert says("entry.preview", other)
    before = await entries(town.store)
    assert says("entry.preview", await editor.says(stale))  # shown again, not published
    assert says("entry.preview", await editor.says(f"!fragen neu {number} 00000000 ja"))
    assert await entries(town.store) == before
    assert "Veröffentlicht: Zisternen auf" in await editor.presses(editor.sees()[0])


async def test_answer_that_its_author_withdraws_disappears_from_the_draft(
    town: Networks, asker: Person, colleague: Person, editor: Person
) -> None:
    number = await passes_on(asker)
    await colleague.says(f"!antwort {number} {ANSWER}")
    await colleague.says("1")
    await editor.says(f"!fragen neu {number}")
    await editor.says("Regenwasser auf Friedhöfen")
    await editor.says("Cottbus")
    assert ANSWER in await editor.says("1")
    assert says("withdraw.answer", await colleague.says("!widerruf"))
    assert says("question.offer_taken_back", await colleague.says("1"))
    asked = await editor.says("1")
    assert says("entry.ask_text", asked)
    assert ANSWER not in asked
    assert says("entry.preview", await editor.says("Zisternen halten die Gräber grün."))


async def test_answer_is_deleted_when_its_author_erases_their_data(
    town: Networks, asker: Person, colleague: Person, editor: Person
) -> None:
    number = await passes_on(asker)
    await colleague.says(f"!antwort {number} {ANSWER}")
    await colleague.says("1")
    assert ANSWER in await colleague.says("!meinedaten")
    await colleague.says("!loeschen ja")
    await written(editor, number)
    assert ANSWER not in editor.hears()
    async with town.store.read() as tx:
        assert await tx.entry_drafts.answers(int(number)) == []


async def test_only_the_author_can_agree_that_editors_use_their_answer(
    town: Networks, asker: Person, colleague: Person
) -> None:
    number = await passes_on(asker)
    await colleague.says(f"!antwort {number} {ANSWER}")
    (yes,) = [choice.typed for choice in colleague.last.choices] if colleague.last else []
    assert re.fullmatch(r"!antwort redaktion [0-9a-f]{32}", yes)
    assert says("question.never_unknown", await asker.says(yes))
    assert says("question.offered", await colleague.says(yes))
    assert says("question.never_unknown", await asker.says(yes.replace("redaktion", "widerruf")))
    assert says("question.never_unknown", await colleague.says(yes))  # once is enough
    async with town.store.read() as tx:
        assert len(await tx.entry_drafts.answers(int(number))) == 1


@pytest.mark.parametrize("text", ["!fragen neu 1", "!fragen neu 1 titel = x", "!fragen neu 1 00000000 ja"])
async def test_only_editors_can_write_an_entry_from_a_question(town: Networks, asker: Person, text: str) -> None:
    await passes_on(asker)
    assert says("editors_only", await asker.says(text))


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("url = javascript:alert(1)", "edit.refused.no_url"),
        ("farbe = blau", "edit.no_such_field"),
        ("id = bb-cottbus", "edit.no_such_field"),
        ("antwort 00", "entry.no_answer"),
    ],
)
async def test_invalid_field_of_an_entry_is_refused_and_the_draft_is_kept(
    town: Networks, asker: Person, editor: Person, text: str, key: str
) -> None:
    number = await passes_on(asker)
    await written(editor, number)
    assert says(key, await editor.says(f"!fragen neu {number} {text}"))
    assert "Zisternen halten" in await editor.says(f"!fragen neu {number}")


async def test_editor_can_set_every_field_and_is_told_unknown_places_and_topics(
    town: Networks, asker: Person, editor: Person
) -> None:
    number = await passes_on(asker)
    await written(editor, number)
    assert says("edit.unknown_topic", await editor.says(f"!fragen neu {number} themen = Quantenzauberei"))
    shown = await editor.says(f"!fragen neu {number} topics = Mobilität, Klima")
    assert "Mobilität · Klima" in shown
    assert "fehlt noch" not in shown
    assert "Eine Kommune „Atlantis“ kenne ich nicht" in await editor.says(f"!fragen neu {number} kommune = Atlantis")
    shown = await editor.says(f"!fragen neu {number} url = https://cottbus.example/zisternen")
    assert "https://cottbus.example/zisternen" in shown
    await editor.says(f"!fragen neu {number} kommune =")
    assert "Welchen Titel" in await editor.says(f"!fragen neu {number} titel =")
    await editor.says("Zisternen")
    assert "Veröffentlicht" in await editor.presses(editor.sees()[0])
    made = (await entry(town.store, "zisternen")).record
    assert isinstance(made, Project)
    assert (made.topics, made.url, made.municipality) == (
        ("Mobilität", "Klima"),
        "https://cottbus.example/zisternen",
        "",
    )


async def test_question_during_a_draft_is_answered_and_the_draft_is_kept(
    town: Networks, asker: Person, editor: Person
) -> None:
    number = await passes_on(asker)
    await editor.says(f"!fragen neu {number}")
    assert "Digitale Stadt Cottbus" in await editor.says("Wer hat Mobilitätsprojekte gemacht?")
    town.store.now.advance(days=20)  # type: ignore[attr-defined]
    await editor.says(f"!fragen neu {number} titel = Regenwasser")
    assert "verworfen" in await editor.says(f"!fragen verwerfen {number}")
    assert "Welchen Titel" in await editor.says(f"!fragen eintrag {number}")


async def test_entries_with_the_same_title_stay_separate_and_no_import_changes_them(
    town: Networks, asker: Person, editor: Person, tmp_path: Path
) -> None:
    numbers = [await passes_on(asker), await passes_on(asker, "Wer zählt Fledermäuse im Kirchturm?")]
    for number in numbers:  # both asked before the first entry can be found as an answer
        await written(editor, number)
        await editor.says("1")
    first, second = (await entry(town.store)), await entry(town.store, "cottbus-regenwasser-auf-friedhoefen-2")
    upgrade = tmp_path / "bundle.jsonl"
    upgrade.write_text(json.dumps({"id": first.id, "title": "Aus dem Bündel", "text": "Etwas anderes."}))
    await load_bundle(town.store, files=[upgrade], digest="the next version")
    await import_files(town.store, [upgrade], source="somebody's list")
    assert (await entry(town.store, first.id)).body == first.body
    assert await entry(town.store, second.id) == second


async def test_two_editors_who_publish_at_the_same_time_make_one_entry(
    town: Networks, asker: Person, editor: Person
) -> None:
    editors = [editor, Person(town.matrix, editor.name, "another-chat-of-editor")]
    number = await passes_on(asker)
    await written(editor, number)
    yes = next(choice.typed for choice in editor.last.choices) if editor.last else ""
    before = await entries(town.store)
    said = await asyncio.gather(*(editor.says(yes) for editor in editors))
    assert sorted("Veröffentlicht" in text for text in said) == [False, True]
    assert await entries(town.store) == before + 1


async def test_editor_cannot_write_an_entry_in_a_room(town: Networks, asker: Person, editor: Person) -> None:
    number = await passes_on(asker)
    assert "Einzelchat" in await town.matrix.person(editor.name, room="!team").says(f"!fragen neu {number}")


async def test_editor_on_telegram_cannot_use_answers_of_others_in_an_entry(
    town: Networks, asker: Person, colleague: Person
) -> None:
    """Telegram may not carry text of other users, so the editor cannot see it and cannot publish it."""
    editor = town.telegram.person("77")
    number = await passes_on(asker)
    await colleague.says(f"!antwort {number} {ANSWER}")
    await colleague.says("1")
    async with town.store.read() as tx:
        (answer,) = await tx.entry_drafts.answers(int(number))
    await editor.says(f"!fragen neu {number} titel = Regenwasser")
    await editor.says(f"!fragen neu {number} kommune = Cottbus")
    assert ANSWER not in editor.hears()
    assert "gibt es nicht (mehr)" in await editor.says(f"!fragen neu {number} antwort {answer.id}")
    assert "Zisternen" in await editor.says("Zisternen halten die Gräber grün.")
    await editor.says("1")
    await town.passes()
    assert not any(ANSWER in text for text in town.told(town.telegram, editor.conversation))


async def test_answer_whose_author_did_not_agree_to_its_use_is_deleted_after_a_day(
    town: Networks, asker: Person, colleague: Person
) -> None:
    number = await passes_on(asker)
    await colleague.says(f"!antwort {number} {ANSWER}")
    (yes,) = [choice.typed for choice in colleague.last.choices] if colleague.last else []
    town.store.now.advance(seconds=timedelta(days=1).total_seconds() + 1)  # type: ignore[attr-defined]
    async with town.store.begin() as tx:
        assert await tx.entry_drafts.forget() == 1
    assert "kenne ich nicht" in await colleague.says(yes)
