"""Rows are deleted after their retention period, and no earlier."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from knowledge_base.codec import digest
from knowledge_base.ingest.compare import ChangeKind
from knowledge_base.model import RecordKind
from knowledge_base.retention import Periods, purge
from knowledge_base.store.answers import GivenAnswer
from knowledge_base.store.consents import ConsentAction as Proof
from knowledge_base.store.consents import ConsentEntry
from knowledge_base.store.database import Store
from knowledge_base.store.imports import StagedRow
from knowledge_base.store.inbox import Received
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.tables import (
    answer,
    chat_context,
    feedback,
    import_row,
    import_run,
    inbox,
    outbox,
    record,
    record_change,
    unanswered,
)
from tests.claims import to_handle, to_send
from tests.conftest import FixedClock

PERIODS = Periods(
    messages=timedelta(hours=72),
    answers=timedelta(days=90),
    questions=timedelta(days=180),
    contexts=timedelta(hours=1),
    undelivered=timedelta(days=30),
    changes=timedelta(days=400),
    imports=timedelta(days=30),
)
KEPT = {  # the moment that counts, and how long
    inbox.c.handled_at: PERIODS.messages,
    outbox.c.created_at: PERIODS.undelivered,
    chat_context.c.at: PERIODS.contexts,
    answer.c.at: PERIODS.answers,
    feedback.c.at: PERIODS.answers,
    unanswered.c.last_at: PERIODS.questions,
    record_change.c.at: PERIODS.changes,
    import_run.c.started_at: PERIODS.imports,
}
TIMES = (
    timedelta(),
    timedelta(hours=2),
    timedelta(days=4),
    timedelta(days=31),
    timedelta(days=181),
    timedelta(days=401),
)


async def live(store: Store, day: int) -> None:
    """Store what a day leaves behind, in every table and state."""
    async with store.begin() as tx:
        person = await tx.people.identify("test", "@a", private_conversation="!a")
        await tx.people.remember(("test", "!a", "", person.id), {"q": day}, "x", [])
        await tx.inbox.add(
            [Received("test", f"{day}-{number}", f"!{number}", "@a", {"text": "t"}) for number in range(2)]
        )
        done, broken = await to_handle(tx)
        await tx.inbox.done(done)
        await tx.inbox.quarantine(broken)
        for state in ("sent", "dead", "unclear"):
            await tx.outbox.add("test", f"!{state}", {"t": 1}, urgency=Urgency.BULK, key=f"{state} {day}")
        sent, dead, unclear = await to_send(tx, "test")
        await tx.outbox.sent(sent, None)
        await tx.outbox.dead(dead, "blocked")
        await tx.outbox.unclear(unclear, "timeout")
        await tx.answers.add(
            GivenAnswer(id=f"a{day}", channel="test", event_id=f"${day}", sure=True, language="de", shown=())
        )
        await tx.answers.rate(f"a{day}", person.id, True)
        await tx.answers.not_answered(f"Frage {day}", f"frage {day}", "de")
        body = {"id": f"p{day}", "title": "T", "text": "T"}
        await tx.records.edit(RecordKind.PROJECT, f"p{day}", body)
        run = await tx.imports.start("file.jsonl")
        row = StagedRow(
            RecordKind.PROJECT, f"i{day}", 1, ChangeKind.ADDED, body, digest(body), None, digest(body), ("title",), None
        )
        await tx.imports.stage(run, [row])
        assert await tx.imports.end(run, "failed")


async def oldest(store: Store, column: Any) -> datetime | None:
    async with store.read() as tx:
        moment: datetime | None = await tx.connection.scalar(select(func.min(column)))
        return moment


@pytest.mark.parametrize("later", TIMES, ids=str)
async def test_purge_deletes_rows_after_their_period_and_no_younger_rows(
    store: Store, clock: FixedClock, later: timedelta
) -> None:
    await live(store, 1)
    clock.moment += later
    await live(store, 2)
    await purge(store, PERIODS)
    for column, period in KEPT.items():
        left = await oldest(store, column)
        assert left is not None, f"{column}: today's row is still there"
        assert clock() - left <= period, str(column)
        if later <= period and column.table not in (chat_context, outbox):
            assert left == clock() - later, f"{column}: within its period"


async def test_purge_deletes_sent_messages_and_keeps_unclear_messages_longer(store: Store, clock: FixedClock) -> None:
    await live(store, 1)
    clock.advance(days=4)
    counts = await purge(store, PERIODS)
    assert counts["messages sent"] == 2
    assert counts["messages received"] == 2
    async with store.read() as tx:
        assert await tx.outbox.count() == {"unclear": 1}
    clock.advance(days=27)
    assert (await purge(store, PERIODS))["messages undelivered"] == 1


async def test_purge_never_deletes_unhandled_messages_or_current_records(store: Store, clock: FixedClock) -> None:
    async with store.begin() as tx:
        await tx.inbox.add([Received("test", "1", "!a", "@a", {"text": "t"})])
        await tx.outbox.add("test", "!a", {}, urgency=Urgency.ANSWER)
        await tx.records.edit(RecordKind.PROJECT, "p", {"id": "p", "title": "T", "text": "T"})
    clock.advance(days=5000)
    await purge(store, PERIODS)
    for column in (inbox.c.received_at, outbox.c.created_at, record.c.created_at):
        assert await oldest(store, column) is not None


async def test_purge_deletes_staged_rows_of_failed_imports_at_once(store: Store, clock: FixedClock) -> None:
    await live(store, 1)
    await purge(store, PERIODS)
    async with store.read() as tx:
        assert await tx.connection.scalar(select(func.count()).select_from(import_row)) == 0
    assert not any((await purge(store, PERIODS)).values())


async def test_purge_deletes_codes_counters_and_consents_after_their_period(store: Store, clock: FixedClock) -> None:
    secret = b"s" * 32
    async with store.begin() as tx:
        person = await tx.people.identify("test", "@a", private_conversation="!a")
        await tx.verifications.start(person.id, "a@b.example", "", "hash", lasting=timedelta(minutes=15))
        await tx.tallies.add(secret, "codes", ["test:@a"], lasting=timedelta(days=1))
        for what in (Proof.GIVEN, Proof.ENDED):
            await tx.consents.add(ConsentEntry(subject=person.id, purpose="digest", what=what))
    begin = clock.moment
    left = {"verifications": timedelta(minutes=15), "counters": timedelta(days=1), "consents": PERIODS.consents}
    for name, period in left.items():
        clock.moment = begin + period
        assert (await purge(store, PERIODS))[name] == 0, f"{name}: within its period"
        clock.advance(seconds=1)
        assert (await purge(store, PERIODS))[name] == (2 if name == "consents" else 1), f"{name}: past its period"
