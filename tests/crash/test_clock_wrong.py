"""A bot with a wrong clock, killed and restarted meanwhile: the stored data are right once the clock is right."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import pytest
from sqlalchemy import select

from knowledge_base.clock import utc_now
from knowledge_base.store.database import Store
from knowledge_base.store.known_time import last_time
from knowledge_base.store.subscriptions import ON
from knowledge_base.store.tables import digest_run, page
from knowledge_base.store.transaction import Transaction
from tests.crash.network import NAME
from tests.crash.test_killed import Asked

SUBSCRIBERS = 3
T = TypeVar("T")


class Machine(Asked):
    """A bot on a machine with a clock of its own."""

    def shows(self, ahead: timedelta) -> None:
        """Set the clock."""
        aside = self._shown.with_suffix(".new")
        aside.write_text(str(ahead.total_seconds()))
        aside.rename(self._shown)

    def starts(self) -> None:
        self.start(shown=str(self._shown))

    def answers_all(self) -> None:
        self.until(lambda: not self._unanswered())

    def do(self, act: Callable[[Transaction], Awaitable[T]]) -> T:
        async def work() -> T:
            store = await Store.open(self.database, clock=utc_now)
            try:
                async with store.begin() as tx:
                    return await act(tx)
            finally:
                await store.close()

        return asyncio.run(work())

    @property
    def _shown(self) -> Path:
        return self._folder / "clock"


async def _subscribe(tx: Transaction) -> None:
    """Store subscriptions with a digest that is due this week."""
    due = datetime.now(UTC) - timedelta(hours=3)
    for number in range(SUBSCRIBERS):
        person = await tx.people.identify(NAME, f"user of c{number}", private_conversation=f"c{number}")
        subscription = tx.subscriptions.fresh(NAME, person_id=person.id)
        subscription = replace(subscription, state=ON, weekday=due.weekday(), hour=due.hour, sign_of_life=True)
        await tx.subscriptions.save(subscription)
        await tx.pages.keep(f"hash{number}", kind="i", subject="x", person_id=person.id)


async def _weeks(tx: Transaction) -> list[str]:
    return list((await tx.connection.scalars(select(digest_run.c.week))).all())


async def _links(tx: Transaction) -> int:
    return len((await tx.connection.scalars(select(page.c.token_hash))).all())


async def _last(tx: Transaction) -> datetime | None:
    return await last_time(tx.facts)


@pytest.mark.parametrize("ahead", [timedelta(days=400), timedelta(days=-400)])
def test_bot_answers_every_question_and_keeps_links_despite_a_wrong_clock(
    ahead: timedelta, database: str, tmp_path: Path
) -> None:
    with Machine(database, tmp_path / "net", exactly_once=True) as bot:
        bot.shows(timedelta(0))
        bot.starts()
        bot.until(lambda: bot.do(_last) is not None)
        bot.do(_subscribe)
        bot.shows(ahead)
        weeks = bot.do(_weeks)
        bot.ask(4)
        bot.answers_all()
        bot.kill()
        bot.starts()
        bot.ask(4)
        bot.answers_all()
        assert set(bot.do(_weeks)) <= {*weeks, *_near()}, "no week of the wrong time"
        assert bot.do(_links) == SUBSCRIBERS
        bot.shows(timedelta(0))
        bot.ask(4)
        bot.answers_everything_then_stops()
        assert set(bot.do(_weeks)) <= _near()
        assert bot.do(_links) == SUBSCRIBERS
        assert max(bot.network.digests().values(), default=0) <= 1


def _near() -> set[str]:
    """The weeks that may be due today."""
    days = (utc_now() - timedelta(days=number) for number in range(8))
    return {f"{day.isocalendar().year}-W{day.isocalendar().week:02}" for day in days}
