"""``kill -9`` while digests are made and sent: every subscriber gets each digest once; unclear ones are listed (I5).

The weeks follow each other in minutes: the clock of the process stands in the week that the test wants.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from knowledge_base.codec import to_body
from knowledge_base.failpoints import DIGESTS
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.database import Store
from knowledge_base.store.subscriptions import ON
from knowledge_base.store.transaction import Transaction
from tests.crash.mortal import Mortal
from tests.crash.network import NAME

SUBSCRIBERS = 25  # three batches
FIRST = datetime(2028, 1, 3, 7, 1, tzinfo=UTC)  # a Monday, a minute after 08:00 in Berlin
T = TypeVar("T")


class Weeks(Mortal):
    """A bot with subscribers, week after week."""

    def __init__(self, database: str, folder: Path, *, exactly_once: bool) -> None:
        super().__init__(database, folder, exactly_once=exactly_once)
        self.week = 0
        self._listed: dict[str, str] = {}  # unclear messages: id → conversation; the product lists each for 30 days
        self._do(_subscribe)

    @property
    def now(self) -> datetime:
        return FIRST + timedelta(weeks=self.week)

    def something_new(self) -> None:
        """Begin the next week, with news."""
        self.week += 1
        week = self.week

        async def edit(tx: Transaction) -> None:
            new = Project(id=f"new-{week}", title=f"Neues {week}", text="Ein Rufbus.", topics=("Mobilität",))
            await tx.records.edit(RecordKind.PROJECT, new.id, to_body(new))

        self._do(edit)

    def starts_in_its_week(self, fail_at: str = "") -> None:
        self.start(fail_at, ahead=self.now - datetime.now(UTC))

    def finishes_the_week(self) -> None:
        """Let the bot finish the week: every subscriber has one more digest, or a digest is listed as unclear."""
        self.starts_in_its_week()
        self.until(lambda: self._do(_done_with) == (SUBSCRIBERS * self.week, 0))
        self.stops()
        self._listed |= self._do(_unclear)
        got, unclear = self.network.digests(), Counter(self._listed.values())
        for number in range(SUBSCRIBERS):
            conversation = f"c{number}"
            assert got[conversation] <= self.week
            if self.exactly_once:
                assert got[conversation] == self.week
            else:
                assert got[conversation] + unclear[conversation] >= self.week
        assert sum(unclear.values()) <= (0 if self.exactly_once else self.kills)

    def _do(self, act: Callable[[Transaction], Awaitable[T]]) -> T:
        async def work() -> T:
            store = await Store.open(self.database, clock=lambda: self.now)
            try:
                async with store.begin() as tx:
                    return await act(tx)
            finally:
                await store.close()

        return asyncio.run(work())


async def _subscribe(tx: Transaction) -> None:
    for number in range(SUBSCRIBERS):
        person = await tx.people.identify(NAME, f"user of c{number}", private_conversation=f"c{number}")
        subscription = tx.subscriptions.fresh(NAME, person_id=person.id)
        await tx.subscriptions.save(replace(subscription, state=ON))


async def _done_with(tx: Transaction) -> tuple[int, int]:
    """The number of digests that were made, and the number of messages that are not finished."""
    rows = await tx.connection.exec_driver_sql("SELECT count(*) FROM digest_run")
    open_ones = await tx.connection.exec_driver_sql("SELECT count(*) FROM outbox WHERE state IN ('new', 'leased')")
    return int(rows.scalar_one()), int(open_ones.scalar_one())


async def _unclear(tx: Transaction) -> dict[str, str]:
    return {message.id: message.conversation for message in await tx.doubtful.all()}


def campaign(bot: Weeks, weeks: int, kills: int, seed: int) -> None:
    """Kill the bot at random moments, spread over the weeks."""
    chance = random.Random(seed)
    for week in range(weeks):
        bot.something_new()
        for _ in range(kills // weeks + (week < kills % weeks)):
            bot.starts_in_its_week()
            time.sleep(chance.uniform(0, 0.5))
            bot.kill()
        bot.finishes_the_week()


@pytest.mark.slow
@pytest.mark.parametrize("exactly_once", [True, False])
def test_digest_is_sent_once_or_listed_as_unclear_after_a_kill_at_each_failpoint(
    exactly_once: bool, database: str, tmp_path: Path
) -> None:
    with Weeks(database, tmp_path / "net", exactly_once=exactly_once) as bot:
        bot.something_new()
        for place in (*DIGESTS, "outbox.before_send:3", "outbox.after_send:5"):
            bot.starts_in_its_week(place)
            bot.dies_by_itself()
        bot.finishes_the_week()


@pytest.mark.slow
@pytest.mark.parametrize(("exactly_once", "kills"), [(True, 2), (False, 2)])
def test_digest_is_sent_once_or_listed_as_unclear_after_random_kills(
    exactly_once: bool, kills: int, database: str, tmp_path: Path
) -> None:
    with Weeks(database, tmp_path / "net", exactly_once=exactly_once) as bot:
        campaign(bot, weeks=2, kills=kills, seed=kills)


@pytest.mark.campaign
@pytest.mark.parametrize("exactly_once", [True, False])
def test_digest_is_sent_once_or_listed_as_unclear_after_100_kills(
    exactly_once: bool, database: str, tmp_path: Path
) -> None:
    with Weeks(database, tmp_path / "net", exactly_once=exactly_once) as bot:
        campaign(bot, weeks=10, kills=100, seed=int(os.environ.get("SEED", "1")))


@pytest.mark.campaign
@pytest.mark.servers
@pytest.mark.parametrize("exactly_once", [True, False])
def test_digest_is_sent_once_or_listed_as_unclear_after_100_kills_on_postgresql(
    exactly_once: bool, postgres_url: str, tmp_path: Path
) -> None:
    with Weeks(postgres_url, tmp_path / "net", exactly_once=exactly_once) as bot:
        campaign(bot, weeks=10, kills=100, seed=int(os.environ.get("SEED", "2")))
