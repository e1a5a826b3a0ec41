"""Killed without warning again and again: every question is answered, and hardly any twice.

Telegram has no idempotency key, so the bound that anybody can promise is one double for each kill. Ours looks for what
may have arrived before it sends again; ``DOUBLES_SHARE`` bounds what that leaves.
"""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from knowledge_base.failpoints import ANYWHERE, VARIABLE
from tests.bot.channels.telegram.rig import free_port
from tests.telegram_api import LoopbackApi, Message

ROOT = Path(__file__).parents[4]
QUESTIONS = ("Wer hat Mobilitätsprojekte gemacht?", "Who did mobility projects?", "hilfe", "Hitzeschutz", "pomoc")
DOUBLES_SHARE = 0.1  # of the kills


@dataclass
class Killed:
    """A bot that does not live long."""

    api: LoopbackApi
    database: Path
    port: int | None
    random: random.Random
    kills: int = 0
    where: Counter[str] = field(default_factory=Counter)
    process: asyncio.subprocess.Process | None = None

    async def start(self, fail_at: str = "") -> None:
        command = ["-m", "tests.bot.channels.telegram.driver", str(self.database), self.api.base_url, self.api.token]
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, *command, *([str(self.port)] if self.port else []), cwd=ROOT,
            env={**os.environ, VARIABLE: fail_at}, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert self.process.stdout is not None
        await self.process.stdout.readline()

    async def kill(self, fail_at: str) -> None:
        """At the armed place if it is reached, else at a random moment."""
        assert self.process is not None
        try:
            async with asyncio.timeout(8 if fail_at else self.random.uniform(0, 0.6)):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
        assert await self.process.wait() == -signal.SIGKILL
        self.kills += 1
        self.where[fail_at.partition(":")[0] or "anywhere"] += 1

    async def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        assert await self.process.wait() == 0


async def campaign(killed: Killed, kills: int, questions: int) -> list[Message]:
    """Ask, kill, start again; in the end, let it finish."""
    world, draw = killed.api.world, killed.random
    people = [world.user(100 + number) for number in range(25)]
    asked: list[Message] = []

    def ask(count: int) -> None:
        asked.extend(world.say(draw.choice(people), draw.choice(QUESTIONS)) for _ in range(count))

    for number in range(kills):
        fail_at = "" if number % 3 == 0 else f"{ANYWHERE[number % len(ANYWHERE)]}:{draw.randint(1, 3)}"
        ask((questions - len(asked)) // (2 * (kills - number)))  # some wait before it starts …
        await killed.start(fail_at)
        ask((questions - len(asked)) // max(1, kills - number))  # … and some come while it runs
        await killed.kill(fail_at)
    ask(questions - len(asked))
    await killed.start()
    await world.until(lambda: all(world.answers(question) for question in asked), 120)
    await killed.stop()
    return asked


async def survives(api: LoopbackApi, database: Path, tmp_path: Path, mode: str, kills: int, questions: int) -> None:
    file = tmp_path / "killed.db"
    shutil.copy(database, file)
    api.delivery.retry_scale = 0.05
    killed = Killed(api, file, free_port() if mode == "webhook" else None, random.Random(kills))
    asked = await campaign(killed, kills, questions)
    answers = [len(api.world.answers(question)) for question in asked]
    doubles = sum(count - 1 for count in answers)
    print(f"{mode}: {len(asked)} questions, {killed.kills} kills {dict(killed.where)}, {doubles} doubled")
    assert min(answers) == 1
    assert doubles <= max(1, DOUBLES_SHARE * kills)
    assert not any("schiefgegangen" in message.text for message in api.world.messages.values())
    assert not any(message.edits for message in api.world.messages.values() if message.sender is api.world.bot)


@pytest.mark.slow
async def test_15_kills_by_polling(api: LoopbackApi, known_database: Path, tmp_path: Path) -> None:
    await survives(api, known_database, tmp_path, "polling", 15, 90)


@pytest.mark.slow
async def test_5_kills_by_webhook(api: LoopbackApi, known_database: Path, tmp_path: Path) -> None:
    await survives(api, known_database, tmp_path, "webhook", 5, 30)


@pytest.mark.campaign
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_200_kills_of_1000_questions(mode: str, api: LoopbackApi, known_database: Path, tmp_path: Path) -> None:
    await survives(api, known_database, tmp_path, mode, 200, 1000)
