"""Staging and publication, on both databases."""

from __future__ import annotations

from datetime import timedelta

from knowledge_base.codec import digest
from knowledge_base.model import RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.imports import ABANDONED_AFTER, KEPT_FOR, StagedRow
from tests.conftest import FixedClock

PROJECT = RecordKind.PROJECT


def row(number: int, text: str = "added", based_on: int | None = None) -> StagedRow:
    body = {"id": f"p{number}", "title": text, "text": "x"}
    return StagedRow(PROJECT, f"p{number}", number, text, body, digest(body), None, digest(body), (), based_on)


async def published(store: Store, source: str, *rows: StagedRow) -> int:
    async with store.begin() as tx:
        run = await tx.imports.start(source)
        await tx.imports.stage(run, rows)
    async with store.begin() as tx:
        revision = await tx.records.next_revision()
        assert await tx.imports.publish(run, revision)
    return revision


async def test_staged_rows_are_invisible_until_published(store: Store) -> None:
    async with store.begin() as tx:
        run = await tx.imports.start("a")
        await tx.imports.stage(run, [row(1)])
    async with store.read() as tx:
        assert await tx.records.count() == {}
        assert await tx.imports.known(PROJECT, ["p1"]) == {}
    async with store.begin() as tx:
        assert await tx.imports.publish(run, await tx.records.next_revision())
        assert not await tx.imports.publish(run, 9)  # once only
    async with store.read() as tx:
        stored = await tx.records.get(PROJECT, "p1")
        known = (await tx.imports.known(PROJECT, ["p1", "p2"]))["p1"]
    assert stored is not None
    assert (stored.body, stored.imported, stored.source, stored.revision) == (row(1).body, row(1).body, "a", 1)
    assert (known.source, known.revision, known.edited, known.removed) == ("a", 1, False, False)


async def test_publication_inserts_updates_and_removes_records(store: Store) -> None:
    await published(store, "a", row(1), row(2))
    revision = await published(store, "b", row(1, "changed", 1), row(2, "removed", 1), row(3))
    async with store.read() as tx:
        seen = {stored.id: stored async for stored in tx.records.stream()}
        assert await tx.imports.owned("b", None, 1) == [((PROJECT, "p1"), revision, False)]
        assert await tx.imports.owned("b", (PROJECT, "p1"), 9) == [((PROJECT, "p3"), revision, False)]
        gone = await tx.records.get(PROJECT, "p2", removed=True)
        known = await tx.imports.known(PROJECT, ["p2"])
    assert set(seen) == {"p1", "p3"}
    assert (seen["p1"].body["title"], seen["p1"].source) == ("changed", "b")
    assert gone is not None
    assert (gone.removed_at, gone.edited_at, gone.source) == (gone.updated_at, None, "a")
    assert (known["p2"].removed, known["p2"].removed_by_editor) == (True, False)


async def test_removal_by_an_editor_is_distinguished_from_removal_by_an_import(store: Store, clock: FixedClock) -> None:
    await published(store, "a", row(1))
    clock.advance(minutes=1)
    async with store.begin() as tx:
        await tx.records.remove([(PROJECT, "p1")])
    async with store.read() as tx:
        assert (await tx.imports.known(PROJECT, ["p1"]))["p1"].removed_by_editor


async def test_staged_row_is_outdated_when_its_record_was_edited(store: Store) -> None:
    await published(store, "a", row(1), row(2))
    async with store.begin() as tx:
        run = await tx.imports.start("b")
        await tx.imports.stage(run, [row(1, "changed", 1), row(2, "changed", 1), row(3)])
        assert await tx.imports.outdated(run) == []
        await tx.records.edit(PROJECT, "p1", {"id": "p1", "title": "edited", "text": "x"})
        await tx.records.edit(PROJECT, "p3", {"id": "p3", "title": "edited", "text": "x"})
        assert [stale.id for stale in sorted(await tx.imports.outdated(run), key=lambda r: r.id)] == ["p1", "p3"]
        await tx.imports.restage(run, [row(1, "changed", 2)], [(PROJECT, "p1"), (PROJECT, "p3")])
        assert await tx.imports.outdated(run) == []
        assert (await tx.imports.bodies(PROJECT, ["p1"]))["p1"].body["title"] == "edited"


async def test_new_import_ends_the_old_import_of_the_same_source(store: Store, clock: FixedClock) -> None:
    async with store.begin() as tx:
        old, other = await tx.imports.start("a"), await tx.imports.start("b")
        await tx.imports.stage(old, [row(1)])
        await tx.imports.stage(other, [row(2)])
        await tx.imports.start("a")
        assert not await tx.imports.end(old, "done")
        assert await tx.imports.end(other, "failed")
        assert await tx.imports.sweep(1)
        assert await tx.imports.sweep(1)
        assert not await tx.imports.sweep(1)


async def test_abandoned_imports_are_ended_and_old_imports_deleted(store: Store, clock: FixedClock) -> None:
    async with store.begin() as tx:
        old = await tx.imports.start("a")
        await tx.imports.stage(old, [row(1)])
    clock.advance(seconds=(ABANDONED_AFTER + timedelta(seconds=1)).total_seconds())
    async with store.begin() as tx:
        await tx.imports.start("b")
        assert not await tx.imports.publish(old, 1)
    clock.advance(seconds=(KEPT_FOR + timedelta(days=2)).total_seconds())
    async with store.begin() as tx:
        await tx.imports.start("c")
        assert not await tx.imports.sweep(1)  # its rows went with it
