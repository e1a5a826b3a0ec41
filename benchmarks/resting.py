"""One look at what is due, of digests and introductions, while nothing is: with ever more subscribers.

The peer is a look at everyone, which was what each look did before subscriptions held the time of their next digest.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from sqlalchemy import insert, text

from benchmarks.table import show
from bot.features.digests.make import DigestMaker
from bot.outgoing.links import Links
from knowledge_base.model import Municipality
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.store.database import Store, utc_now
from knowledge_base.store.subscriptions import ON
from knowledge_base.store.tables import account, person, subscription
from tests.postgres import running_postgres

COUNTS = (1_000, 10_000, 100_000)
LOOKS = 100
PLACES = Gazetteer([Municipality(id="1", name="Cottbus", state="Brandenburg")])


async def subscribe(store: Store, count: int) -> None:
    """Let so many people subscribe."""
    now = utc_now()
    common = {
        "channel": "slow", "topics": [], "region": [], "sign_of_life": False, "state": ON, "since": now,
        "unopened": {}, "changed_at": now, "next_due_at": now + timedelta(days=3), "looked_at": now,
    }  # fmt: skip
    for start in range(0, count, 1_000):
        numbers = range(start, min(start + 1_000, count))
        people = [{"id": f"p{number}", "created_at": now} for number in numbers]
        chats = [
            {"channel": "slow", "user_id": f"u{n}", "person_id": f"p{n}", "conversation": f"c{n}", "active": True,
             "first_seen": now}
            for n in numbers
        ]  # fmt: skip
        wishes = [common | {"id": f"s{n}", "person_id": f"p{n}", "weekday": n % 7, "hour": n % 24} for n in numbers]
        async with store.begin(long=True) as tx:
            for table, rows in ((person, people), (account, chats), (subscription, wishes)):
                await tx.connection.execute(insert(table), rows)


async def timed(work: Callable[[], Awaitable[object]], times: int) -> float:
    """Return the median of so many runs, in seconds."""
    took = []
    for _ in range(times):
        began = time.perf_counter()
        await work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


async def measure(url: str, count: int) -> tuple[float, float]:
    """Return seconds: of a look at rest, and of one at everyone; the latter 0 with the most subscribers."""
    store = await Store.open(url)
    try:
        digests = DigestMaker(
            store, lambda: PLACES, Links("https://bot.example", b"x" * 32), carries=lambda _channel: True, first_send=0
        )
        now = store.now()
        await digests.make_due(now)  # the first look of a process is at everyone: here at nobody yet
        await subscribe(store, count)
        if not store.is_sqlite:
            async with store.begin() as tx:
                await tx.connection.execute(text("ANALYZE"))

        async def look() -> None:
            await digests.make_due(now, everyone=False)
            async with store.read() as tx:
                await tx.introductions.due()
                await tx.introductions.under_way()
                await tx.introductions.unreachable()

        rest = await timed(look, LOOKS)
        return rest, 0.0 if count == COUNTS[-1] else await timed(lambda: digests.make_due(now, dry_run=True), 1)
    finally:
        await store.close()


def main() -> None:
    """Print the table."""
    rows = []
    with tempfile.TemporaryDirectory() as folder, running_postgres() as address:
        for name in ("SQLite", "PostgreSQL"):
            found = []
            for count in COUNTS:
                url = f"sqlite:///{Path(folder) / str(count)}.db" if name == "SQLite" else f"{address}/postgres"
                if name == "PostgreSQL":
                    asyncio.run(_empty(url))
                found.append(asyncio.run(measure(url, count)))
            for count, (rest, everyone) in zip(COUNTS, found, strict=True):
                ratio = f"{rest / found[0][0]:.1f}"
                full = (f"{everyone / found[0][1]:.1f}", f"{everyone / rest:.0f}") if everyone else ("", "")
                rows.append((name, f"{count:,}", f"{rest * 1_000:.1f}", ratio, *full))
    head = (
        "database", "subscribers", "a look at rest, ms", "to that at 1,000", "a look at everyone, to that at 1,000",
        "everyone to rest",
    )  # fmt: skip
    show(head, rows)


async def _empty(url: str) -> None:
    store = await Store.open(url)
    async with store.begin(long=True) as tx:
        for table in ("subscription", "account", "person"):
            await tx.connection.execute(text(f"DELETE FROM {table}"))
    await store.close()
