"""Every change of an editor can be seen and taken back; nothing that came after it is lost by that."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from knowledge_base.ingest.importer import import_files
from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.records import StoredRecord
from tests.fakes import FakeChannel, Person
from tests.wording import says

ID = "bb-cottbus-oepnv"


async def stored(store: Store, record_id: str = ID) -> StoredRecord | None:
    async with store.read() as tx:
        return await tx.records.get(RecordKind.PROJECT, record_id)


async def test_undo_asks_with_old_and_new_value_and_restores_the_field(known: Store, erika: Person) -> None:
    before = await stored(known)
    assert before
    await erika.says(f"!bearbeiten {ID} stand = eingestellt")
    asked = await erika.says(f"!zurueck {ID}")
    assert f"eingestellt → {before.body['status']}" in asked
    changed = await stored(known)
    assert changed
    assert changed.body["status"] == "eingestellt"
    assert says("undo.done", await erika.says("1"))
    after = await stored(known)
    assert after
    assert after.body == before.body
    assert after.edited_fields == frozenset()
    assert says("undo.nothing", await erika.says(f"!zurueck {ID}"))


async def test_undo_without_an_id_means_the_own_last_change_and_goes_further_back(known: Store, erika: Person) -> None:
    before = await stored(known)
    await erika.says(f"!bearbeiten {ID} stand = eins")
    await erika.says(f"!bearbeiten {ID} stand = zwei")
    for _ in range(2):
        await erika.says("!zurueck")
        await erika.says("ja")
    after = await stored(known)
    assert before
    assert after
    assert after.body == before.body


async def test_removed_project_comes_back_by_undo(known: Store, erika: Person) -> None:
    before = await stored(known)
    await erika.says(f"!entfernen {ID}")
    await erika.says("1")
    assert await stored(known) is None
    await erika.says(f"!zurueck {ID}")
    await erika.says("1")
    after = await stored(known)
    assert before
    assert after
    assert after.body == before.body


async def test_undo_is_refused_when_the_field_changed_since(known: Store, erika: Person, tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    record = {"id": "x1", "title": "Alt", "text": "Ein Text.", "status": "geplant"}
    file.write_text(json.dumps(record))
    await import_files(known, [file], source="x")
    await erika.says("!bearbeiten x1 stand = Pilotphase")
    await erika.says("!zurueck x1")
    await erika.says("!bearbeiten x1 stand = beendet")
    pressed = await erika.says("!zurueck 1 ja")
    assert says("undo.changed_since", pressed)
    now = await stored(known, "x1")
    assert now
    assert now.body["status"] == "beendet"


async def test_history_names_editor_time_and_values_and_the_import(
    known: Store, channel: FakeChannel, erika: Person, tmp_path: Path
) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text(json.dumps({"id": "x1", "title": "Alt", "text": "Ein Text.", "status": "geplant"}))
    await import_files(known, [file], source="x")
    assert says("history.import", await erika.says("!verlauf x1"))
    await erika.says("!bearbeiten x1 stand = in Betrieb")
    said = await erika.says("!verlauf x1")
    assert "Stand: geplant → in Betrieb" in said
    assert says("history.you", said)
    await erika.says("!zurueck x1")
    await erika.says("1")
    said = await erika.says("!verlauf x1")
    assert said.index("in Betrieb → geplant") < said.index("geplant → in Betrieb")
    assert says("history.undone", said)
    assert says("editors_only", await channel.person("eve").says("!verlauf x1"))


@pytest.mark.parametrize("text", [f"!zurueck {ID}", f"!verlauf {ID}", f"!bearbeiten {ID} stand = x", "!zurueck 1 ja"])
async def test_user_who_is_no_editor_changes_and_sees_nothing(
    known: Store, erika: Person, anna: Person, text: str
) -> None:
    await erika.says(f"!bearbeiten {ID} stand = eingestellt")
    assert says("editors_only", await anna.says(text))
    now = await stored(known)
    assert now
    assert now.body["status"] == "eingestellt"
