"""Only editors correct the knowledge base in the chat."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bot.app import Bot
from knowledge_base.ingest.bundle import load_bundle
from knowledge_base.ingest.importer import import_files
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.database import Store
from tests.fakes import FakeChannel, Person
from tests.wording import says

ID = "bb-cottbus-oepnv"


async def project(store: Store, project_id: str = ID) -> Project:
    async with store.read() as tx:
        stored = await tx.records.get(RecordKind.PROJECT, project_id)
    assert stored is not None
    assert isinstance(stored.record, Project)
    return stored.record


@pytest.mark.parametrize(
    "text",
    ["!fragen", "!fragen schliessen 1", f"!bearbeiten {ID}", f"!bearbeiten {ID} title = x", f"!entfernen {ID} ja"],
)
async def test_only_editors_can_use_editor_commands(known: Store, anna: Person, text: str) -> None:
    before = await project(known)
    assert (await anna.says(text)).startswith("Das kann nur die Redaktion.")
    assert await project(known) == before


async def test_user_with_a_name_similar_to_that_of_an_editor_is_not_an_editor(bot: Bot, channel: FakeChannel) -> None:
    assert says("editors_only", await channel.person("Erika").says("!fragen"))
    assert says("editors_only", await channel.person("fake:erika").says("!fragen"))


async def test_editor_can_show_and_set_the_fields_of_a_project(known: Store, erika: Person) -> None:
    fields = await erika.says(f"!bearbeiten {ID}")
    assert "Titel = Digitaler Nahverkehr in Cottbus" in fields
    assert says("edit.done", await erika.says(f"!bearbeiten {ID} title = Ein <b>neuer</b> Titel"))
    assert (await project(known)).title == "Ein <b>neuer</b> Titel"
    assert says("edit.field_edited", await erika.says(f"!bearbeiten {ID}"))
    assert says("edit.same", await erika.says(f"!bearbeiten {ID} title = Ein <b>neuer</b> Titel"))


async def test_editor_writes_lists_with_bars_commas_or_slashes(known: Store, erika: Person) -> None:
    for text in ("Mobilität | Klima", "Mobilität, Klima", "Mobilität / Klima", "Mobilität und Klima"):
        await erika.says(f"!bearbeiten {ID} topics = {text}")
        assert (await project(known)).topics == ("Mobilität", "Klima")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"!bearbeiten {ID} url = javascript:alert(1)", "edit.refused.no_url"),
        (f"!bearbeiten {ID} title leeren", "edit.refused.missing"),
        (f"!bearbeiten {ID} id = x", "edit.no_such_field"),
        (f"!bearbeiten {ID} record = contact", "edit.no_such_field"),
        ("!bearbeiten nirgends title = x", "edit.not_found"),
        ("!bearbeiten nirgends", "edit.not_found"),
        ("!entfernen nirgends", "edit.not_found"),
        ("!fragen schliessen 99", "questions.no_such"),
    ],
)
async def test_invalid_edit_is_refused_and_changes_nothing(known: Store, erika: Person, text: str, key: str) -> None:
    before = await project(known)
    assert says(key, await erika.says(text))
    assert await project(known) == before


async def test_import_does_not_overwrite_fields_that_an_editor_changed(
    known: Store, erika: Person, tmp_path: Path
) -> None:
    record = {"id": "x1", "title": "Alt", "text": "Ein Text.", "status": "geplant"}
    file = tmp_path / "x.jsonl"
    file.write_text(json.dumps(record))
    await import_files(known, [file], source="x")
    await erika.says("!bearbeiten x1 title = Von der Redaktion")
    file.write_text(json.dumps(record | {"title": "Neu", "status": "abgeschlossen"}))
    await import_files(known, [file], source="x")
    after = await project(known, "x1")
    assert (after.title, after.status) == ("Von der Redaktion", "abgeschlossen")


async def test_removing_a_project_needs_a_confirmation_and_no_import_restores_it(known: Store, erika: Person) -> None:
    assert says("remove.sure", await erika.says(f"!entfernen {ID}"))
    assert erika.sees() == [f"remove {ID} yes"]
    assert says("remove.done", await erika.presses(f"remove {ID} yes"))
    await load_bundle(known)
    async with known.read() as tx:
        assert await tx.records.get(RecordKind.PROJECT, ID) is None
    assert says("edit.not_found", await erika.says(f"!entfernen {ID}"))


async def test_editor_can_use_ids_with_spaces_in_quotes(known: Store, erika: Person, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(json.dumps({"id": "my id", "title": "Alt", "text": "Ein Text."}))
    await import_files(known, [file])
    assert says("edit.done", await erika.says('!bearbeiten "my id" title = Neu'))
    await erika.says('!entfernen "my id"')
    assert says("remove.done", await erika.presses('remove "my id" yes'))


async def test_editor_can_list_and_close_unanswered_questions(
    channel: FakeChannel, anna: Person, erika: Person
) -> None:
    assert says("questions.none", await erika.says("!fragen"))
    for person in (anna, channel.person("ben")):
        await person.says("Freibad in Hamburg")  # nothing is known of either place
    await anna.says("Freibad in Rostock")
    text = await erika.says("!fragen")
    assert text.index("2× · ") < text.index("1× · ")
    assert "Freibad in Hamburg" in text
    assert "anna" not in text
    number = next(line for line in text.splitlines() if "Hamburg" in line).split(" ")[0]
    assert says("questions.closed", await erika.says(f"!fragen schliessen {number}"))
    assert "Hamburg" not in await erika.says("!fragen")


async def test_editors_see_feedback_only_from_five_people_on(channel: FakeChannel, erika: Person) -> None:
    for number in range(5):
        assert says("questions.few_feedback", await erika.says("!fragen"))
        person = channel.person(f"p{number}")
        await person.says("Wer hat Mobilitätsprojekte gemacht?")
        await person.says("!hilfreich" if number else "!unpassend")
    assert "hilfreich 4, unpassend 1" in await erika.says("!fragen")
