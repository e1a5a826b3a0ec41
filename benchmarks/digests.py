"""A digest run for 1,000 recipients, and the answer times of users meanwhile.

It runs the whole bot on SQLite with the real model. The network needs 30 ms for each message, answers 1 in 50 with "too
many, wait" and 1 in 100 not at all. It takes one message at a time, as Telegram does. The peer is the same bot without
a digest run.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from benchmarks.table import show
from bot.app import Bot
from bot.channels.port import Listening, Receive, TryLaterError, UnclearError
from bot.messages import Address, Inbound, Outgoing
from bot.resources import open_knowledge
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.store.database import Store, utc_now
from knowledge_base.store.subscriptions import ON

RECIPIENTS = 1_000
QUESTIONS = 60
TEXTS = ("Wer hat Mobilitätsprojekte gemacht?", "Hitzeschutz in kleinen Städten", "who did something about health?")


class SlowNetwork:
    """A slow ``bot.channels.port.Channel``."""

    name = "slow"
    exactly_once = False

    def __init__(self) -> None:
        self.answered: dict[str, asyncio.Event] = {}
        self.digests = 0
        self._chance = Random(1)
        self._receive: Receive | None = None
        self.listens = asyncio.Event()

    async def run(self, receive: Receive, listening: Listening) -> None:
        self._receive = receive
        listening(None)
        self.listens.set()
        await asyncio.Event().wait()

    async def send(self, message: Outgoing) -> str | None:
        await asyncio.sleep(0.03)
        trouble = self._chance.random()
        if message.bulk and trouble < 0.02:
            raise TryLaterError("too many", after=timedelta(seconds=1))
        if message.bulk and trouble < 0.03:
            raise UnclearError("no answer")
        self.digests += message.bulk
        if message.answers in self.answered:
            self.answered[message.answers].set()
        return message.id

    async def working(self, address: Address) -> None:
        """Do nothing: nothing shows a typing indicator here."""

    async def close(self) -> None:
        """Do nothing: nothing was opened."""

    async def ask(self, number: int) -> float:
        """Ask one question as a user whose digest is among the last; return the seconds until the answer is there."""
        assert self._receive is not None
        name = f"q{number}"
        self.answered[name] = asyncio.Event()
        began = time.perf_counter()
        asker = RECIPIENTS - 1 - number % 5
        address = Address(self.name, f"c{asker}")
        text = TEXTS[number % len(TEXTS)]
        await self._receive(self.name, [Inbound(name, address, f"p{asker}", text, True, datetime.now(UTC))])
        await self.answered[name].wait()
        return time.perf_counter() - began


async def subscribe(store: Store) -> None:
    """Subscribe a thousand people."""
    async with store.begin() as tx:
        for number in range(RECIPIENTS):
            person = await tx.people.identify("slow", f"p{number}", private_conversation=f"c{number}")
            wish = tx.subscriptions.fresh("slow", person_id=person.id)
            await tx.subscriptions.save(replace(wish, state=ON, topics=("mobility",) if number % 2 else ()))


async def ask_all(network: SlowNetwork, first: int) -> Sequence[float]:
    """Ask questions one after the other."""
    return [await network.ask(first + number) for number in range(QUESTIONS)]


async def measure() -> None:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(state_dir=Path(folder), limits={"questions_per_hour": 0}, digests={"first_send": 0})
        async with open_knowledge(settings) as knowledge:
            await subscribe(knowledge.store)
            network = SlowNetwork()
            bot = Bot(settings, knowledge, Texts(), [network])
            running = asyncio.create_task(bot.run(stop := asyncio.Event(), lambda _name, _problem: None))
            await network.listens.wait()
            quiet = await ask_all(network, 0)
            began = time.perf_counter()
            making = asyncio.create_task(bot.digests.make_due(utc_now() + timedelta(days=8)))
            busy = await ask_all(network, QUESTIONS)
            outcomes = await making
            made = time.perf_counter() - began
            more = await ask_all(network, 2 * QUESTIONS)
            stop.set()
            await running
    show(
        (f"{RECIPIENTS} recipients", "p50 ms", "p95 ms", "max ms"),
        [("no digests", *_figures(quiet)), ("digests being made and sent", *_figures([*busy, *more]))],
    )
    queued = sum(outcome.state == "queued" for outcome in outcomes)
    print(f"\n{queued} digests made within {made:.1f} s, {network.digests} sent by then and a little later.")


def _figures(seconds: Sequence[float]) -> tuple[str, str, str]:
    p95 = statistics.quantiles(seconds, n=20)[-1]
    return tuple(f"{value * 1_000:.0f}" for value in (statistics.median(seconds), p95, max(seconds)))  # type: ignore[return-value]


def main() -> None:
    """Run the benchmark."""
    asyncio.run(measure())
