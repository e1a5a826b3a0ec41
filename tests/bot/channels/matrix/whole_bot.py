"""The whole bot on Matrix without a network: the homeserver hands out what the test queues, and takes all messages."""

from __future__ import annotations

import asyncio
import copy
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bot.app import Bot
from bot.channels.matrix import MatrixChannel
from bot.channels.matrix.http import Json, Server
from bot.channels.matrix.sync import Parts
from bot.messages import Outgoing
from bot.messages.markup import plain
from config.matrix import MatrixSettings
from knowledge_base.store.database import Store
from tests.bot.channels.matrix.rig import ANNA, ME, OTHER, ROOM, Rig, member
from tests.fake_embedder import HashEmbedder
from tests.fakes import running_bot
from tests.patience import PATIENCE_S

CONTROL, CHANGING, GROUP = "!control:a.example", "!changing:a.example", "!group:a.example"
ROOMS = (ROOM, OTHER, CONTROL, CHANGING, GROUP)
BERTA = "@berta:a.example"


class QueuedServer(Server):
    """Hands out the queued sync answers, one a request; takes every message once."""

    def __init__(self, phone: Json) -> None:
        super().__init__("http://127.0.0.1:1")
        self._phone = phone
        self.syncs: asyncio.Queue[Json] = asyncio.Queue()

    async def request(self, method: str, *path: str, query: Json | None = None, **more: Any) -> Json:
        match path:
            case ("v3", "sync") if "since" not in (query or {}):
                return sync_answer({})
            case ("v3", "sync"):
                return await self.syncs.get()
            case ("v3", "rooms", _, "send", _, transaction):
                return {"event_id": f"$sent-{transaction}"}
            case ("v3", "keys", "query"):
                return {"device_keys": {ANNA: {"PHONE": copy.deepcopy(self._phone)}}}
        return {}

    async def get_all(self, *path: str) -> list[Any]:
        return members(path[2])


def members(room: str) -> list[Json]:
    return [member(user) for user in (ME, ANNA, *((BERTA,) if room == GROUP else ()))]


def sync_answer(timelines: dict[str, list[Any]], devices: tuple[Json, ...] = ()) -> Json:
    """Return an answer with these events; without any, the state of all rooms."""
    joined = {
        room: {"timeline": {"events": timelines.get(room, [])}, "state": {"events": [] if timelines else members(room)}}
        for room in ROOMS
    }
    return {
        "next_batch": f"s{time.monotonic_ns()}", "rooms": {"join": joined}, "to_device": {"events": [*devices]},
        "device_one_time_keys_count": {"signed_curve25519": 50},
        "device_unused_fallback_key_types": ["signed_curve25519"],
    }  # fmt: skip


def now_sent(sent: Json, name: str) -> Json:
    """Return an event as sent this moment; the bot does not answer old ones."""
    return sent | {"event_id": name, "origin_server_ts": int(time.time() * 1000)}


class QueuedChannel(MatrixChannel):
    """The channel without its login; notes what it has sent."""

    def __init__(self, rig: Rig, folder: Path) -> None:
        super().__init__(
            MatrixSettings(homeserver="http://127.0.0.1:1", user_id=ME, access_token=SecretStr("none")), folder
        )
        self._rig = rig
        self.server = self._server = QueuedServer(rig.phone)
        self.sent: list[Outgoing] = []
        self.bot: Bot

    async def _open(self) -> Parts:
        return self._rig.parts(self._server)

    async def send(self, message: Outgoing) -> str | None:
        result = await super().send(message)
        self.sent.append(message)
        return result

    def answers(self, event_id: str) -> list[str]:
        return [plain(message.document) for message in self.sent if message.answers == event_id]

    async def takes(self, *answers: Json) -> None:
        """Hand over sync answers; return when the bot has answered all that it will answer."""
        for answer in (*answers, sync_answer({ROOM: []})):
            self.server.syncs.put_nowait(answer)
        async with asyncio.timeout(PATIENCE_S):
            while self.server.syncs.qsize():  # noqa: ASYNC110 - the last one is taken when the others are stored
                await asyncio.sleep(0.005)
            await self.bot.idle()

    async def answered(self, event_id: str) -> str:
        """Wait for the answer to an event; return it. The bot may be at its second attempt."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.answers(event_id):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.005)
        return self.answers(event_id)[0]


@asynccontextmanager
async def whole_bot(rig: Rig, store: Store, folder: Path) -> AsyncIterator[QueuedChannel]:
    """The bot in private rooms with Anna, and in one room with Anna and Berta."""
    channel = QueuedChannel(rig, folder)
    async with running_bot(store, HashEmbedder(), [channel], folder, limits={"questions_per_hour": 0}) as bot:
        channel.bot = bot
        yield channel
