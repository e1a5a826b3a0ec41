"""Digests at the rate limits that a Synapse has by default: ten messages at once, then one in five seconds."""

from __future__ import annotations

import asyncio
import json
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tests.matrix_server.person import ANSWER_TO
from tests.matrix_server.synapse import Synapse, running_synapse
from tests.matrix_server.warm_bot import WarmBot
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.matrix, pytest.mark.slow]

BURST, EVERY_S = 10, 5  # what the server allows by default
AT_ONCE = 16
LOOK_S = 1.0  # between two looks of a reader: most of what a thousand of them cost the server


class Reader:
    """A subscriber with an unencrypted room, by plain requests: hundreds of clients with keys would be slow."""

    def __init__(self, http: httpx.AsyncClient, bot: str, token: str) -> None:
        self._http, self._bot = http, bot
        self._headers = {"Authorization": f"Bearer {token}"}

    async def invite(self) -> None:
        """Open a room with the bot."""
        room = await self._ask(
            "POST", "createRoom", {"invite": [self._bot], "is_direct": True, "preset": "trusted_private_chat"}
        )
        self._room = f"rooms/{quote(room['room_id'])}"

    async def say(self, text: str) -> str:
        path = f"{self._room}/send/m.room.message/{secrets.token_hex(6)}"
        return str((await self._ask("PUT", path, {"msgtype": "m.text", "body": text}))["event_id"])

    async def heard(self) -> list[dict[str, Any]]:
        """What the bot has written."""
        result = await self._ask("GET", f"{self._room}/messages?dir=f&limit=100")
        return [e["content"] for e in result["chunk"] if e["sender"] == self._bot and e["type"] == "m.room.message"]

    async def answer(self, text: str) -> str:
        """Ask, and wait for the answer."""
        question = await self.say(text)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for content in await self.heard():
                    if content.get(ANSWER_TO) == question:
                        return str(content["body"])
                await asyncio.sleep(LOOK_S)

    async def digests(self) -> int:
        return sum(content["body"].startswith("Ihr Wochenbrief · ") for content in await self.heard())

    async def _ask(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        path = f"/_matrix/client/v3/{path}"
        answer = await self._http.request(method, path, json=body, headers=self._headers)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


class Run:
    """Readers of one bot, and the state of their digests."""

    def __init__(self, server: Synapse, bot: WarmBot, http: httpx.AsyncClient, readers: int) -> None:
        self._server, self.bot = server, bot
        self._limits = f"/_synapse/admin/v1/users/{quote(bot.user_id)}/override_ratelimit"
        accounts = [server.account(f"reader{secrets.token_hex(6)}") for _ in range(readers)]
        self.readers = [Reader(http, bot.user_id, token) for _, token in accounts]

    def lift_the_limits(self) -> None:
        """What the manual tells admins to do."""
        self._server.admin("POST", self._limits, {"messages_per_second": 0, "burst_count": 0})

    def restore_the_limits(self) -> None:
        self._server.admin("DELETE", self._limits)

    async def subscribe(self) -> None:
        """All readers subscribe in their own chats, before the server applies its limits.

        The database of the bot shows when it has joined and has read them: a thousand readers who poll the server
        would cost more time than the bot needs.
        """
        self.lift_the_limits()
        await self.bot.start()
        await self._all(Reader.invite)
        await self._counted("SELECT count(*) FROM account WHERE conversation IS NOT NULL")
        await self._all(lambda reader: reader.say("!abo alles"))
        await self._counted("SELECT count(*) FROM subscription WHERE state = 'on'")
        await self._counted("SELECT count(*) FROM outbox WHERE state = 'sent'", 2)  # the welcome, and the answer

    async def _all(self, act: Callable[[Reader], Awaitable[Any]]) -> None:
        places = asyncio.Semaphore(AT_ONCE)

        async def one(reader: Reader) -> None:
            async with places:
                await act(reader)

        async with asyncio.TaskGroup() as tasks:
            for reader in self.readers:
                tasks.create_task(one(reader))

    async def _counted(self, count: str, each: int = 1) -> None:
        """Wait until the database counts so many for each reader."""
        wanted = each * len(self.readers)
        await self.until(lambda: self._query(count)[0][0] >= wanted, PATIENCE_S + len(self.readers))

    async def make(self) -> None:
        """Make the digests of next week."""
        now = datetime.now(UTC)
        thursday = (now + timedelta(days=10 - now.weekday())).replace(hour=12)  # whatever holidays there are before
        made = await asyncio.to_thread(self.bot.run, "digest", "--now", thursday.isoformat(), "--json", "--approve")
        assert made.returncode == 0, made.stderr
        states = Counter(json.loads(line)["state"] for line in made.stdout.splitlines())
        assert states["queued"] + states["sent"] == states.total() == len(self.readers)  # the bot sends meanwhile

    def states(self) -> Counter[str]:
        return Counter(state for (state,) in self._query("SELECT state FROM outbox WHERE urgency = 2"))

    def _query(self, statement: str) -> list[Any]:
        with closing(sqlite3.connect(self.bot.state / "stadtlotse.db", timeout=PATIENCE_S)) as database:
            return database.execute(statement).fetchall()

    async def until(self, condition: Callable[[], bool], patience: float = PATIENCE_S) -> None:
        async with asyncio.timeout(patience):
            while not condition():  # noqa: ASYNC110 - another process's work
                await asyncio.sleep(0.2)

    async def all_sent(self, patience: float = PATIENCE_S) -> None:
        """Every reader has exactly one digest; no digest is given up or unclear."""
        await self.until(lambda: self.states()["sent"] == len(self.readers), patience)
        assert set(self.states()) == {"sent"}
        assert [await reader.digests() for reader in self.readers] == [1] * len(self.readers)

    def put_off(self) -> int:
        """How often the server refused a message because of its rate limit."""
        return sum("429" in line["reason"] for line in self.bot.events("outbox.later"))


@pytest.fixture(scope="module")
def limited_synapse() -> Iterator[Synapse]:
    with running_synapse("rc_message") as server:
        yield server


@asynccontextmanager
async def run_for(server: Synapse, database: Path, readers: int) -> AsyncIterator[Run]:
    bot = WarmBot(server, server.register(f"bot{secrets.token_hex(4)}"), database)
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=60) as http:
            run = Run(server, bot, http, readers)
            await run.subscribe()
            yield run
    finally:
        print(bot.tail(6000))  # pytest shows it when the test has failed
        bot.close()


async def test_every_reader_gets_one_digest_at_the_rate_limits_and_across_a_kill(
    limited_synapse: Synapse, known_database: Path
) -> None:
    async with run_for(limited_synapse, known_database, 20) as run:
        run.restore_the_limits()
        await run.make()
        await run.until(lambda: run.put_off() > 0 and run.states()["sent"] >= BURST)
        await run.bot.kill()
        await run.bot.start()
        waits = [reader for reader in run.readers if not await reader.digests()][-1]
        assert "Projekt" in await waits.answer("Wer hat Mobilitätsprojekte gemacht?")
        assert await waits.digests() == 0, "the answer did not wait for the digest"
        run.lift_the_limits()
        await run.all_sent()


@pytest.mark.campaign
async def test_50_readers_get_one_digest_each_at_the_rate_limits(
    limited_synapse: Synapse, known_database: Path
) -> None:
    async with run_for(limited_synapse, known_database, 50) as run:
        run.restore_the_limits()
        await run.make()
        await run.until(lambda: run.states()["sent"] >= 2 * BURST, 20 * EVERY_S)
        await run.bot.kill()
        await run.bot.start()
        await run.all_sent(100 * EVERY_S)
        assert run.put_off() > 0


@pytest.mark.campaign
async def test_1000_readers_get_one_digest_each_without_rate_limits(
    limited_synapse: Synapse, known_database: Path
) -> None:
    began = time.monotonic()
    async with run_for(limited_synapse, known_database, 1_000) as run:
        subscribed = time.monotonic()
        await run.make()
        made = time.monotonic()
        await run.until(lambda: run.states()["sent"] >= 300, 300)
        await run.bot.kill()
        await run.bot.start()
        assert "Projekt" in await run.readers[0].answer("Wer hat Mobilitätsprojekte gemacht?")
        await run.all_sent(600)
        assert run.put_off() == 0
        spans = (subscribed - began, made - subscribed, time.monotonic() - made)
        print("subscribing {:.0f} s, making {:.0f} s, from then until all are sent {:.0f} s".format(*spans))
