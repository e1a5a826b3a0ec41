"""Times stored while the clock was ahead delay and limit nothing once the clock is right."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from knowledge_base.introductions.values import Introduction, State
from knowledge_base.store.database import Store
from knowledge_base.store.healing import PAUSE, WAITS, heal, waits
from knowledge_base.store.inbox import Received
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.subscriptions import ON
from knowledge_base.store.tables import metadata, outbox, subscription
from knowledge_base.store.types import UtcDateTime
from tests.claims import to_handle, to_send
from tests.conftest import FixedClock

AHEAD, SECRET = timedelta(days=400), b"x" * 32
DAY = timedelta(days=1)


async def lives(store: Store, number: int) -> None:
    """Everything that stores a time happens once."""
    async with store.begin() as tx:
        person = await tx.people.identify("fake", f"anna{number}", private_conversation="here")
        await tx.inbox.add([Received("fake", f"q{number}", "here", f"anna{number}", {})])
        (row,) = await to_handle(tx, "fake")
        await tx.inbox.done(row)
        await tx.inbox.mark(row, "asked")
        await tx.outbox.add("fake", "here", {}, urgency=Urgency.ANSWER)
        await tx.tallies.add(SECRET, "locked", ["anna"], lasting=DAY)
        await tx.pages.keep(f"hash{number}", kind="i", subject="x", person_id=person.id)
        await tx.buttons.make(("fake", "here", ""), person.id, "a", ["/x"])
        await tx.verifications.start(person.id, "a@b.example", "", "hash", lasting=timedelta(minutes=15))
        subscription = tx.subscriptions.fresh("fake", person_id=person.id)
        await tx.subscriptions.save(replace(subscription, state=ON, paused_until=tx.now + 14 * DAY))
        await tx.profiles.set(person.id, paused_until=tx.now + 3650 * DAY)
        request = Introduction(
            id=f"i{number}", code=f"ABCD{number}", state=State.SENT, asker=person.id, contact="c", contact_person="",
            project="p", question="?", created_at=tx.now, due_at=tx.now + 14 * DAY, expires_at=tx.now + 14 * DAY,
        )  # fmt: skip
        await tx.introductions.add(request)
        await tx.introductions.plan(request, tx.now)


async def moments(store: Store) -> dict[tuple[str, str], list[datetime]]:
    seen: dict[tuple[str, str], list[datetime]] = {}
    async with store.read() as tx:
        for table in metadata.sorted_tables:
            for column in (one for one in table.columns if isinstance(one.type, UtcDateTime)):
                values = await tx.connection.scalars(select(column).where(column.is_not(None)))
                seen[table.name, column.name] = sorted(values)
    return seen


async def test_healing_shortens_waits_that_a_fast_clock_made_too_long(store: Store, clock: FixedClock) -> None:
    clock.moment += AHEAD
    await lives(store, 1)
    clock.moment -= AHEAD
    assert await heal(store) > 10
    for place, values in (await moments(store)).items():
        if place[1] != PAUSE:
            assert all(value <= clock() + waits(*place)[0] for value in values), place
    async with store.begin() as tx:
        assert len(await to_send(tx, "fake", limit=1)) == 1
        person = await tx.people.of_account("fake", "anna1")
        assert person
        assert await tx.inbox.asked_since(person.id, clock() - DAY) == 1
    clock.advance(days=1, hours=1)
    async with store.read() as tx:
        assert await tx.inbox.asked_since(person.id, clock() - DAY) == 0, "a limit ends"
        assert await tx.tallies.count(SECRET, "locked", ["anna"], within=DAY) == 0
    clock.advance(days=14)
    async with store.read() as tx:
        assert await tx.introductions.due() == ["i1"], "a request ends"


async def test_healing_leaves_times_of_a_right_clock_unchanged(store: Store, clock: FixedClock) -> None:
    await lives(store, 1)
    async with store.begin() as tx:  # what failed waits as the pause says, and no restart is between
        await tx.connection.execute(update(outbox).values(not_before=clock()))
    before = await moments(store)
    assert await heal(store) == 0
    assert await moments(store) == before


async def test_healing_keeps_the_chosen_length_of_a_pause(store: Store, clock: FixedClock) -> None:
    clock.moment += AHEAD
    await lives(store, 1)
    clock.moment -= AHEAD
    await heal(store)
    async with store.read() as tx:
        until = await tx.connection.scalar(select(subscription.c.paused_until))
    assert until == clock() + 14 * DAY


async def test_second_healing_changes_nothing(store: Store, clock: FixedClock) -> None:
    clock.moment += AHEAD
    await lives(store, 1)
    clock.moment -= AHEAD
    await heal(store)
    assert await heal(store) == 0


@pytest.mark.parametrize("place", WAITS)
def test_every_healed_place_is_a_time_column(place: tuple[str, str]) -> None:
    table, column = place
    assert isinstance(metadata.tables[table].c[column].type, UtcDateTime)


def test_every_expiry_column_has_a_longest_wait() -> None:
    ends = {"expires_at", "due_at", "not_before", "send_at"}
    seen = {(table.name, one.name) for table in metadata.sorted_tables for one in table.columns if one.name in ends}
    assert seen == {place for place in WAITS if place[1] in ends}
