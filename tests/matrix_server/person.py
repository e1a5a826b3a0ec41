"""A user with a Matrix client: nio, with its own store and device; it encrypts to all members of the room."""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import nio

from tests.matrix_server.synapse import Synapse, memory_folder
from tests.patience import PATIENCE_S

ANSWER_TO, PART = "org.stadtlotse.answer_to", "org.stadtlotse.part"
Event = dict[str, Any]


class Person:
    """Sees what a client shows. ``events[room]`` are the clear events of others and of oneself, in order."""

    def __init__(self, server: Synapse, user_id: str, folder: Path) -> None:
        self.server = server
        self.user_id = user_id
        self._folder = folder
        config = nio.AsyncClientConfig(store=nio.store.SqliteStore, encryption_enabled=True, request_timeout=120)
        self.client = nio.AsyncClient(server.url, user_id, store_path=str(folder), config=config)
        self.events: dict[str, list[Event]] = {}
        self.unreadable: dict[str, Any] = {}
        self.seen: set[str] = set()

    @classmethod
    async def new(cls, server: Synapse, name: str = "", *, user_id: str = "") -> Self:
        """A new account, or a new device of an old one."""
        user_id = user_id or server.register(name or f"person{secrets.token_hex(4)}")
        person = cls(server, user_id, memory_folder("person-"))
        answer = await person.client.login("secret", "test")
        assert isinstance(answer, nio.LoginResponse), answer
        await person.sync()
        return person

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.close()
        if self.client.store:
            self.client.store.database.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    async def sync(self, timeout: int = 0) -> None:  # noqa: ASYNC109 - milliseconds of the long poll
        """Sync once."""
        await self._upkeep()
        answer = await self.client.sync(timeout, sync_filter={"room": {"timeline": {"limit": 1000}}}, full_state=False)
        if not isinstance(answer, nio.SyncResponse):
            await asyncio.sleep(0.2)
            return
        for room_id, info in answer.rooms.join.items():
            for event in info.timeline.events:
                self._note(room_id, event)
        for event in list(self.unreadable.values()):  # its key may have come
            with suppress(nio.EncryptionError):
                clear = self.client.decrypt_event(event)
                del self.unreadable[event.event_id]
                self.seen.discard(event.event_id)
                self._note(event.room_id, clear)
        await self._upkeep()

    async def _upkeep(self) -> None:
        if self.client.should_upload_keys:
            await self.client.keys_upload()
        if self.client.should_query_keys:
            await self.client.keys_query()

    def _note(self, room_id: str, event: Any) -> None:
        source = getattr(event, "source", None)
        if not isinstance(source, dict) or event.event_id in self.seen:
            return
        self.seen.add(event.event_id)
        if isinstance(event, nio.MegolmEvent):
            self.unreadable[event.event_id] = event
            return
        encrypted = bool(getattr(event, "decrypted", False))
        self.events.setdefault(room_id, []).append(source | {"was_encrypted": encrypted})

    async def until(self, result: Callable[[], bool], patience: float = PATIENCE_S) -> None:
        """Sync until a condition holds."""
        async with asyncio.timeout(patience):
            while not result():
                await self.sync(1000)

    async def room(
        self,
        *invite: str,
        encrypted: bool = False,
        name: str = "",
        version: str | None = None,
        history: str = "",
        preset: nio.RoomPreset | None = None,
    ) -> str:
        """A new room; a direct chat is made as Element makes it, with the history that clients leave: "shared"."""
        state = [{"type": "m.room.encryption", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}] if encrypted else []
        if history:
            state.append({"type": "m.room.history_visibility", "content": {"history_visibility": history}})
        direct = nio.RoomPreset.trusted_private_chat if len(invite) == 1 else nio.RoomPreset.private_chat
        answer = await self.client.room_create(
            invite=list(invite), is_direct=len(invite) == 1, name=name or None, room_version=version,
            initial_state=[{"state_key": ""} | one for one in state], preset=preset or direct,
        )  # fmt: skip
        assert isinstance(answer, nio.RoomCreateResponse), answer
        await self.sync()
        return str(answer.room_id)

    async def room_with(self, bot: str, *others: str, **more: Any) -> str:
        """A room in which the bot has arrived and said hello."""
        room = await self.room(bot, *others, **more)
        await self.until(lambda: bool(self.from_user(room, bot)))
        return room

    async def say(self, room: str, text: str, **more: Any) -> str:
        """Write; returns the event's id."""
        return await self.send(room, "m.room.message", {"msgtype": "m.text", "body": text} | more)

    async def send(self, room: str, kind: str, content: dict[str, Any]) -> str:
        """An event, encrypted where the room is."""
        answer = await self.client.room_send(room, kind, content, ignore_unverified_devices=True)
        assert isinstance(answer, nio.RoomSendResponse), answer
        return str(answer.event_id)

    async def joins(self, *, known: Collection[str] = ()) -> str:
        """Wait for an invitation and accept it; return the room."""
        await self.until(lambda: bool(set(self.client.invited_rooms) - set(known)))
        (room,) = set(self.client.invited_rooms) - set(known)
        answer = await self.client.join(room)
        assert isinstance(answer, nio.JoinResponse), answer
        await self.until(lambda: room in self.client.rooms)
        return str(room)

    def from_user(self, room: str, user: str) -> list[Event]:
        """What a user wrote in a room."""
        kinds = ("m.room.message", "org.matrix.msc3381.poll.start")
        return [e for e in self.events.get(room, []) if e["sender"] == user and e["type"] in kinds]

    def answers(self, room: str, question: str) -> list[Event]:
        """The answers to a question; there should be one."""
        return [e for e in self.events.get(room, []) if e["content"].get(ANSWER_TO) == question]

    async def answer(self, room: str, question: str, patience: float = PATIENCE_S) -> Event:
        """Wait for the answer to a question."""
        await self.until(lambda: bool(self.answers(room, question)), patience)
        return self.answers(room, question)[0]

    async def ask(self, room: str, text: str, **more: Any) -> Event:
        """Write, and wait for the answer."""
        return await self.answer(room, await self.say(room, text, **more))
