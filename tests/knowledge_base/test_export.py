"""An export that is imported again gives the same knowledge; contacts are exported only on request."""

from __future__ import annotations

import io
import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge_base.export import PERSONAL, export
from knowledge_base.ingest.bundle import load_bundle
from knowledge_base.ingest.importer import import_files
from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store

MAIL = "mobilitaet@stadt.example"
RECORDS = (
    {"record": "project", "id": "p1", "title": "Rad", "text": "Wege\nfür alle", "topics": ["Mobilität"],
     "colour": {"b": 1, "a": [2]}, "members": ["Cottbus", "Guben"], "as_of": "2026-03-31", "checked": "2026-11-02",
     "translations": {"pl": {"title": "Rower"}, "en": {"title": "Bike", "text": "Paths"}},
     "asked_as": {"en": ["Who cycles?"], "de": ["Wer radelt?", "Wo?"]}},
    {"record": "project", "id": "p2", "title": "Wärme", "text": "Netz", "sources": ["https://stadt.example/a"]},
    {"record": "municipality", "id": "12052000", "name": "Cottbus", "names": ["Chóśebuz"], "population": 98000,
     "latitude": 51.76, "longitude": 14.33},
    {"record": "contact", "id": "c1", "role": "Mobilitätsmanagement", "email": MAIL, "legal_basis": "public_function"},
    {"record": "contact", "id": "c2", "role": "Leitstelle", "projects": ["p1"]},
    {"record": "event", "id": "e1", "title": "Treffen", "start": "2026-11-23T10:00"},
)  # fmt: skip


async def take_in(store: Store, content: bytes, folder: Path) -> int:
    """Import; returns how many records changed."""
    file = folder / "export.jsonl"
    file.write_bytes(content)
    (report,) = await import_files(store, [file], source="again")
    assert report.errors == ()
    return sum(report.counts.values())


async def exported(store: Store, *, with_contacts: bool = True) -> bytes:
    out = io.BytesIO()
    await export(store, out, with_contacts=with_contacts)
    return out.getvalue()


async def fill(store: Store, folder: Path) -> None:
    await take_in(store, b"".join(json.dumps(record).encode() + b"\n" for record in RECORDS), folder)


async def test_export_imported_into_an_empty_store_gives_the_same_knowledge(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path)
    first = await exported(store)
    empty = await Store.open(f"sqlite:///{tmp_path}/empty.db")
    await take_in(empty, first, tmp_path)
    assert await exported(empty) == first
    await empty.close()


async def test_export_imported_into_its_own_store_changes_nothing(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path)
    async with store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, "p1", {"id": "p1", "title": "Rad", "text": "vom Editor"})
        await tx.records.remove([(RecordKind.PROJECT, "p2")])
    before = await exported(store)
    assert b"vom Editor" in before
    assert b'"p2"' not in before
    for with_contacts in (True, False):
        await take_in(store, await exported(store, with_contacts=with_contacts), tmp_path)
        assert await exported(store) == before


async def test_every_export_line_is_an_object_with_its_kind_first(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path)
    lines = (await exported(store)).decode().splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["c1", "c2", "e1", "12052000", "p1", "p2"]
    assert all(line.startswith('{"record": "') for line in lines)


async def test_contacts_with_personal_data_are_exported_only_on_request(store: Store, tmp_path: Path) -> None:
    await fill(store, tmp_path)
    out = io.BytesIO()
    report = await export(store, out)
    assert MAIL.encode() not in out.getvalue()
    assert b'"c2"' in out.getvalue(), "a role alone is nobody's personal datum"
    assert (report.contacts_left_out, report.counts[RecordKind.CONTACT]) == (1, 1)
    assert MAIL.encode() in await exported(store)


async def test_any_single_personal_field_keeps_a_contact_out_of_the_export(sqlite_store: Store) -> None:
    async with sqlite_store.begin() as tx:
        for name in PERSONAL:
            value = {"x": MAIL} if name == "extra" else MAIL
            await tx.records.edit(RecordKind.CONTACT, name, {"id": name, "role": "Rolle", name: value})
    assert await exported(sqlite_store, with_contacts=False) == b""


async def test_bundle_survives_export_and_import(sqlite_store: Store, tmp_path: Path) -> None:
    await load_bundle(sqlite_store)
    before = await exported(sqlite_store, with_contacts=False)
    assert before.count(b"\n") > 100
    await take_in(sqlite_store, before, tmp_path)
    assert await exported(sqlite_store) == before
    copy = await Store.open(f"sqlite:///{tmp_path}/copy.db")
    await take_in(copy, before, tmp_path)
    assert await exported(copy) == before
    await copy.close()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=30)
@given(st.text())
async def test_any_text_is_exported_as_one_line_of_json(sqlite_store: Store, text: str) -> None:
    async with sqlite_store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, "p", {"id": "p", "title": "T", "text": text})
    (line,) = (await exported(sqlite_store)).split(b"\n")[:-1]
    assert json.loads(line)["text"] == text


async def test_lone_surrogates_are_exported_as_valid_json(sqlite_store: Store) -> None:
    async with sqlite_store.begin() as tx:
        await tx.records.edit(RecordKind.PROJECT, "p", {"id": "p", "title": "T", "text": "\udc80"})
    assert json.loads((await exported(sqlite_store)).decode("utf-8"))["text"] == "\udc80"
