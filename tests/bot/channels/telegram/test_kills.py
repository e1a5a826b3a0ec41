"""The bot is killed again and again: it answers every question, and hardly any twice.

Telegram has no idempotency key, so no bot can promise less than one double for each kill. This bot looks for messages
that may have arrived before it sends again; ``DOUBLES_SHARE`` limits the remaining doubles.
"""

from __future__ import annotations

import asyncio
import random
import shutil
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from knowledge_base.failpoints import ANYWHERE
from tests.bot.channels.telegram import driver
from tests.crash.processes import PROCESSES
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.telegram_api import LoopbackApi, Message, World

QUESTIONS = ("Wer hat Mobilitätsprojekte gemacht?", "Who did mobility projects?", "hilfe", "Hitzeschutz", "pomoc")
DOUBLES_SHARE = 0.1  # of the kills
CALLS_OF_A_LIFE = 20  # at most; a start takes five, an answer two


@dataclass
class Killed:
    """A bot process that the test kills and restarts."""

    api: LoopbackApi
    database: Path
    port: int | None
    random: random.Random
    kills: int = 0
    where: Counter[str] = field(default_factory=Counter)
    process: ForkServerProcess | None = None
    tells: Connection | None = None

    async def start(self, fail_at: str = "") -> None:
        self.tells, told = Pipe()
        arguments = (self.database, self.api.base_url, self.api.token, self.port, told, fail_at)
        self.process = PROCESSES.Process(target=driver.entry, args=arguments, daemon=True)
        self.process.start()
        told.close()
        await asyncio.to_thread(self.tells.poll, 60)  # it listens, or is dead already

    async def kill(self, fail_at: str, idle: Callable[[], bool] = lambda: False) -> None:
        """Kill the bot at the armed place if it gets there before it is idle, else at a random moment."""
        assert self.process is not None
        if fail_at:
            async with asyncio.timeout(PATIENCE_S):
                while self.process.is_alive() and not idle():  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        else:  # counted in calls: how much is done in a second depends on the machine
            calls = len(self.api.calls) + self.random.randint(0, CALLS_OF_A_LIFE)
            with suppress(TimeoutError):
                await self.api.world.until(lambda: len(self.api.calls) >= calls or idle(), 5)
        await asyncio.to_thread(self.process.join, self.random.uniform(0, 0.05))
        self.where[fail_at.partition(":")[0] if self.process.exitcode else "anywhere"] += 1
        self.process.kill()
        await asyncio.to_thread(self.process.join)
        assert self.process.exitcode == -signal.SIGKILL
        self.kills += 1

    def end(self) -> None:
        """Leave no process behind after a failed test."""
        if self.process is not None:
            self.process.kill()

    async def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        await asyncio.to_thread(self.process.join, 20)
        assert self.process.exitcode == 0


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
        await killed.kill(fail_at, lambda: not unanswered(world, asked))
    ask(questions - len(asked))
    await killed.start()
    while missing := unanswered(world, asked):  # hundreds may wait: that takes its time, but never stands still
        await world.until(lambda missing=missing: unanswered(world, asked) < missing)
    await killed.stop()
    return asked


def unanswered(world: World, asked: Sequence[Message]) -> int:
    replied = {(chat, message.reply_to) for (chat, _), message in world.messages.items() if message.sender is world.bot}
    return sum((question.chat.id, question.id) not in replied for question in asked)


def prepared(api: LoopbackApi, database: Path, tmp_path: Path, mode: str, *, seed: int) -> Killed:
    file = tmp_path / "killed.db"
    shutil.copy(database, file)
    api.delivery.retry_scale = 0.05
    return Killed(api, file, free_port() if mode == "webhook" else None, random.Random(seed))


async def survives(api: LoopbackApi, database: Path, tmp_path: Path, mode: str, kills: int, questions: int) -> None:
    killed = prepared(api, database, tmp_path, mode, seed=kills)
    try:
        asked = await campaign(killed, kills, questions)
    finally:
        killed.end()
    answers = [len(api.world.answers(question)) for question in asked]
    doubles = sum(count - 1 for count in answers)
    print(f"{mode}: {len(asked)} questions, {killed.kills} kills {dict(killed.where)}, {doubles} doubled")
    assert min(answers) == 1
    assert doubles <= max(1, DOUBLES_SHARE * kills)
    assert not any("schiefgegangen" in message.text for message in api.world.messages.values())
    assert not any(message.edits for message in api.world.messages.values() if message.sender is api.world.bot)


@pytest.mark.slow
async def test_polling_bot_answers_every_question_in_spite_of_9_kills(
    api: LoopbackApi, known_database: Path, tmp_path: Path
) -> None:
    await survives(api, known_database, tmp_path, "polling", 9, 50)


@pytest.mark.slow
async def test_webhook_bot_answers_every_question_in_spite_of_3_kills(
    api: LoopbackApi, known_database: Path, tmp_path: Path
) -> None:
    await survives(api, known_database, tmp_path, "webhook", 3, 20)


@pytest.mark.campaign
@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_bot_answers_1000_questions_in_spite_of_200_kills(
    mode: str, api: LoopbackApi, known_database: Path, tmp_path: Path
) -> None:
    await survives(api, known_database, tmp_path, mode, 200, 1000)


@pytest.mark.slow
async def test_press_counts_once_although_the_bot_is_killed_while_handling_it(
    api: LoopbackApi, known_database: Path, tmp_path: Path
) -> None:
    """For each place another button: pressed while the bot is down; the bot is killed there and started again."""
    killed = prepared(api, known_database, tmp_path, "polling", seed=1)
    world = api.world
    anna = world.user(11)
    await killed.start()
    answer = await world.answer(world.say(anna, QUESTIONS[0]))
    await killed.stop()
    for number, place in enumerate(ANYWHERE):
        press = world.press(anna, answer, number)
        await killed.start(f"{place}:1")
        await killed.kill(f"{place}:1")
        await killed.start()
        [toast] = await world.until(lambda press=press: world.queries[press])
        shown = number + 2
        await world.until(lambda shown=shown: len(world.said(anna)) >= shown)
        await killed.stop()
        assert not toast.get("text")
        assert len(world.said(anna)) == shown, place
    assert killed.where == Counter(ANYWHERE)


@pytest.mark.slow
@pytest.mark.parametrize("captions", [["", QUESTIONS[0]], [QUESTIONS[0], ""]])
async def test_album_gets_one_answer_although_the_bot_is_killed_between_its_pictures(
    api: LoopbackApi, known_database: Path, tmp_path: Path, captions: list[str]
) -> None:
    killed = prepared(api, known_database, tmp_path, "polling", seed=1)
    anna = api.world.user(11)
    try:
        for caption in captions:
            more = {"caption": caption} if caption else {}
            api.world.say(anna, "", photo=[], media_group_id="1", **more)
            await killed.start("inbox.kept:1")
            await killed.kill("inbox.kept:1")
        last = api.world.say(anna, "hilfe")
        await killed.start()
        await api.world.answer(last)
        await killed.stop()
    finally:
        killed.end()
    assert len(api.world.said(anna)) == 2
