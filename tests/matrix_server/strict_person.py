"""A user with a different client: matrix-js-sdk with Rust crypto, which shares keys only with signed devices."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.patience import PATIENCE_S

FOLDER = Path(__file__).parent.parent / "matrix_client"


class StrictPerson:
    """One device. Every method of the script is called by its name."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self.user_id = ""
        self.device_id = ""
        self.key: list[int] = []

    @classmethod
    async def new(cls, homeserver: str, user_id: str, key: list[int] | None = None) -> Self:
        """Log in with a new device; ``key`` of an earlier one: the device joins the person's identity."""
        environment = {name: value for name, value in os.environ.items() if name != "NODE_OPTIONS"}
        process = await asyncio.create_subprocess_exec(
            "node", "--no-warnings", str(FOLDER / "client.mjs"), env=environment, limit=16 * 1024 * 1024,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip
        person = cls(process)
        result = await person.do("login", homeserver=homeserver, user=user_id, password="secret", key=key)
        person.user_id, person.device_id, person.key = result["user_id"], result["device_id"], result["key"]
        return person

    async def do(self, action: str, **values: Any) -> Any:
        """One action; its result."""
        number = next(self._ids)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"id": number, "do": action} | values).encode() + b"\n")
        async with asyncio.timeout(PATIENCE_S):
            while line := await self._process.stdout.readline():
                answer = json.loads(line)
                if answer["id"] == number:
                    assert "error" not in answer, answer["error"]
                    return answer.get("result")
        raise AssertionError("the client has ended")

    async def room_with(self, bot: str) -> str:
        """An encrypted room that the bot has come to."""
        room: str = await self.do("room", invite=[bot], encrypted=True)
        await self.do("joined", room=room, user=bot)
        return room

    async def ask(self, room: str, text: str, **more: Any) -> dict[str, Any]:
        """Write, and wait for the answer."""
        question = await self.do("say", room=room, text=text, more=more)
        answer: dict[str, Any] = await self.do("answer", room=room, question=question)
        return answer

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.communicate()
