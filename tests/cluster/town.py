"""What surrounds the machines: database, networks, a balancer; and how long the town needs to come to rest."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Self

import psycopg

from knowledge_base.digests.schedule import BERLIN
from knowledge_base.store.database import Store, utc_now
from knowledge_base.store.subscriptions import ON, Subscription
from tests.cluster.balancer import Balancer
from tests.cluster.counting import Served, Tally, answered, on_telegram
from tests.cluster.line import Line
from tests.cluster.machine import Machine
from tests.patience import PATIENCE_S
from tests.smtp_sink import SmtpSink
from tests.telegram_api import LoopbackApi, Message, User, World

TAKEOVER_S = 15.0  # only campaigns measure it: a loaded machine is no fault
QUIET = "SELECT count(*) FROM outbox WHERE state IN ('new', 'leased')"
UNHANDLED = "SELECT count(*) FROM inbox WHERE state NOT IN ('done', 'asked', 'quarantined')"
_numbers = itertools.count(1_000)


@dataclass(frozen=True, slots=True)
class Reader:
    """A subscriber of digests, in the private chat of an account or, with a ``mailbox``, by mail."""

    network: str
    account: str
    mailbox: str = ""

    @property
    def place(self) -> str:
        """Where the digest comes."""
        return self.mailbox or self.account

    @classmethod
    def of(cls, user: User) -> Self:
        """Return a user of Telegram as a reader; every second one reads by mail."""
        return cls("telegram", str(user.id), f"leser{user.id}@post.example" if user.id % 2 else "")


@dataclass
class Town:
    """An installation of several machines on one database."""

    url: str
    api: LoopbackApi
    mail: SmtpSink
    balancer: Balancer
    webhook: bool
    stack: AsyncExitStack
    machines: list[Machine] = field(default_factory=list)

    @property
    def world(self) -> World:
        """Everything on Telegram."""
        return self.api.world

    async def machine(self, **settings: str) -> Machine:
        """Add a machine; start it when it is wanted."""
        server, _, database = self.url.rpartition("/")
        to_database = await self.stack.enter_async_context(Line(int(server.rsplit(":", 1)[1]), is_database=True))
        to_telegram = await self.stack.enter_async_context(
            Line(int(self.api.base_url.rsplit(":", 1)[1].partition("/")[0]))
        )
        usual = {
            "DATABASE__URL": f"postgresql://app@127.0.0.1:{to_database.port}/{database}",
            "TELEGRAM__TOKEN": self.api.token,
            "TELEGRAM__API_BASE_URL": f"http://127.0.0.1:{to_telegram.port}/bot",
            "TELEGRAM__WEBHOOK": str(self.webhook).lower(),
            "WEB__PUBLIC_URL": self.balancer.url,
            "SMTP__HOST": "127.0.0.1",
            "SMTP__PORT": str(self.mail.port),
            "SMTP__TLS": "none",
            "SMTP__SENDER": "lotse@stadtlotse.example",
            "LIMITS__QUESTIONS_PER_HOUR": "0",
            "LIMITS__PROJECTS_PER_DAY": "0",
            "DIGESTS__FIRST_SEND": "0",
            "LOG__FORMAT": "json",
            "KNOWLEDGE__BUNDLE": "false",  # to read the bundle at each start takes longer than most tests
        }
        made = Machine(f"m{len(self.machines) + 1}", to_database, to_telegram, usual | settings)
        self.machines.append(made)
        self.stack.push_async_callback(made.close)
        self.balancer.ports.append(made.port)
        return made

    async def running(self, count: int, **settings: str) -> list[Machine]:
        """Add so many machines and start them, the first one first: it migrates and loads."""
        made = [await self.machine(**settings) for _ in range(count)]
        await made[0].start()
        await asyncio.gather(*(machine.start() for machine in made[1:]))
        return made

    def people(self, count: int) -> list[User]:
        """Return users of Telegram that the bot does not know."""
        return [self.world.user(next(_numbers)) for _ in range(count)]

    def rows(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            result = connection.execute(query, values)
            return result.fetchall() if result.description else []

    def at_rest(self) -> bool:
        """Return whether everything that came in is handled and everything that can be sent is sent."""
        return not self.rows(QUIET)[0][0] and not self.rows(UNHANDLED)[0][0] and not self.world.updates

    async def rests(self, patience: float = PATIENCE_S) -> bool:
        """Wait until the town is at rest; ``False`` if it does not come to rest in time. The figures tell the rest."""
        return await until(self.at_rest, patience)

    async def settled(self, asked: Sequence[Message], patience: float = PATIENCE_S) -> Tally:
        """Wait for the answers and for rest, then count."""
        await until(lambda: answered(self.world, asked), patience)
        await self.rests(patience)
        return on_telegram(self.world, asked)

    # --- digests ----------------------------------------------------------------------------------------------------

    async def subscribe(self, readers: Iterable[Reader]) -> None:
        """Let people subscribe who have written to the bot. Their first digest is due at once."""
        store = await Store.open(self.url, clock=lambda: utc_now() - timedelta(days=9))
        async with store.begin() as tx:
            for reader in readers:
                person = await tx.people.of_account(reader.network, reader.account)
                assert person, "they have to write first"
                fresh = tx.subscriptions.fresh("email" if reader.mailbox else reader.network, person_id=person.id)
                await tx.subscriptions.save(_wish(fresh, reader.mailbox or None))
        await store.close()

    def digests(self, readers: Sequence[Reader]) -> Served:
        """Count the digests of readers on Telegram that arrived, and those that are listed as unclear."""
        got = Counter({
            reader.place: len(self.mail.to(reader.mailbox)) if reader.mailbox else self._in_chat(int(reader.account))
            for reader in readers
        })  # fmt: skip
        listed = self.rows("SELECT conversation FROM outbox WHERE state = 'unclear' AND urgency = 2")
        return Served.of(got, Counter(place for (place,) in listed), [reader.place for reader in readers])

    def _in_chat(self, number: int) -> int:
        return sum(message.reply_to is None for message in self.world.said(self.world.users[number]))


def _wish(subscription: Subscription, conversation: str | None) -> Subscription:
    """Return a subscription with its slot of this week today at midnight: its digest is due."""
    today = utc_now().astimezone(BERLIN).weekday()
    return replace(subscription, conversation=conversation, state=ON, weekday=today, hour=0, sign_of_life=True)


async def until(happened: Callable[[], bool], patience: float = PATIENCE_S) -> bool:
    """Wait until a condition holds; return whether it held in time. An unreachable database counts as no."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            if happened():
                return True
        except psycopg.Error:
            pass
        await asyncio.sleep(0.1)
    return False


@asynccontextmanager
async def town(url: str, *, webhook: bool = True) -> AsyncIterator[Town]:
    """Open the networks around a database; everything ends with the block."""
    world = World(int(time.time() * 10) + secrets.randbelow(10))
    async with LoopbackApi(world=world) as api, SmtpSink() as mail, Balancer() as balancer, AsyncExitStack() as stack:
        api.delivery.retry_scale = 0.2
        made = Town(url, api, mail, balancer, webhook, stack)
        try:
            yield made
        finally:
            for machine in made.machines:
                if machine.alive and machine.frozen:
                    machine.thaw()
                print(f"--- {machine.name}\n{machine.tail(4000)}")  # pytest shows it when the test has failed
