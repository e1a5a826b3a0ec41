"""The kill campaign: users ask without pause while the bot is killed, at random and at each failpoint.

``make test`` kills at every failpoint once and twice at random; ``make campaign`` 200 times.
Every question must have one answer, readable, and every room one welcome: 0 lost, 0 doubled.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from knowledge_base.failpoints import ANYWHERE, MATRIX
from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse
from tests.matrix_server.warm_bot import WarmBot

pytestmark = [pytest.mark.matrix]

AT_LOGIN = (
    "matrix.device_made", "matrix.logged_in", "matrix.before_key_upload", "matrix.after_key_upload",
    "matrix.seeds_kept", "matrix.identity_published", "matrix.recovery_key_written",
)  # fmt: skip
WITH_SOMEBODY_NEW = ("matrix.before_join", "matrix.after_join", "matrix.keys_claimed")
PLACES = [name for name in (*ANYWHERE, *MATRIX) if name not in AT_LOGIN]  # on the way of a message over Matrix
PEOPLE = 3
TOPICS = ("Rufbus", "Radschnellweg", "Hitzeschutz", "Digitale Schule", "Einhornzucht", "Klimaanpassung")


class Crowd:
    """Users who ask, each in an unencrypted and an encrypted room."""

    def __init__(self, server: Synapse, bot: str, stack: AsyncExitStack, pause: float) -> None:
        self._server = server
        self._bot = bot
        self._stack = stack
        self._pause = pause
        self._tasks: list[asyncio.Task[None]] = []
        self.asking = True
        self.people: list[Person] = []
        self.rooms: list[tuple[Person, str]] = []
        self.questions: list[tuple[Person, str, str]] = []

    async def join(self) -> None:
        """Add a new user."""
        person = await self._stack.enter_async_context(await Person.new(self._server))
        self.people.append(person)
        rooms = [await person.room(self._bot, encrypted=encrypted) for encrypted in (False, True)]
        self.rooms += [(person, room) for room in rooms]
        task = asyncio.create_task(self._ask(person, rooms))
        self._tasks.append(task)
        self._stack.push_async_callback(_cancelled, task)

    async def _ask(self, person: Person, rooms: list[str]) -> None:
        """Ask in turn after the welcome of the bot, without waiting for answers."""
        await person.until(lambda: all(person.from_user(room, self._bot) for room in rooms), 900)
        number = 0
        while self.asking:
            room = rooms[number % len(rooms)]
            topic = random.choice(TOPICS)
            self.questions.append((person, room, await person.say(room, f"{topic} {number}?")))
            number += 1
            await asyncio.sleep(random.uniform(0.5, 1.5) * self._pause * len(self.people))
            await person.sync()

    async def finish(self, patience: float) -> None:
        """Stop asking and wait for the missing answers."""
        self.asking = False
        await asyncio.gather(*self._tasks)
        for person in self.people:
            mine = [(room, question) for asker, room, question in self.questions if asker is person]
            await _everything(person, mine, patience)
        for person in self.people:  # whatever came twice would be there by now
            await person.sync(500)

    def lost(self) -> list[str]:
        return [question for person, room, question in self.questions if not person.answers(room, question)]

    def doubled(self) -> list[str]:
        return [question for person, room, question in self.questions if len(person.answers(room, question)) > 1]

    def welcomes(self) -> Counter[int]:
        """How often rooms were welcomed: number of welcomes → number of rooms."""
        arrivals = (
            {e["event_id"] for e in person.events[room] if e["type"] == "m.room.member" and e["sender"] == self._bot}
            for person, room in self.rooms
        )
        seen = Counter()
        for (person, room), events in zip(self.rooms, arrivals, strict=True):
            seen[sum(len(person.answers(room, event)) for event in events)] += 1
        return seen


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


async def _everything(person: Person, mine: list[tuple[str, str]], patience: float) -> None:
    try:
        await person.until(lambda: all(person.answers(*one) for one in mine), patience)
    except TimeoutError:
        return  # the figures tell


async def killed_at(bot: BotProcess, place: str, crowd: Crowd) -> None:
    """Start, and wait until the process has killed itself at a place."""
    await bot.start(ready=False, FAIL_AT=place)
    if place in WITH_SOMEBODY_NEW:
        await crowd.join()
    try:
        code = await bot.ended()
    except subprocess.TimeoutExpired:
        pytest.fail(f"{place} is never reached: {bot.tail(1500)}")
    assert code == -9, (place, bot.tail())


async def killed_at_random(bot: BotProcess) -> None:
    """Start, and kill some time after it listens; sometimes before."""
    await bot.start(ready=False)
    if random.random() < 0.9:
        assert await bot.ready(), bot.tail()
    await asyncio.sleep(random.uniform(0.0, 1.2))
    await bot.kill()


async def campaign(server: Synapse, bot: BotProcess, *, at_random: int, rounds: int, pause: float) -> Crowd:
    plan: list[str | None] = [*PLACES * rounds, *([None] * at_random)]
    random.shuffle(plan)
    async with AsyncExitStack() as stack:
        crowd = Crowd(server, bot.user_id, stack, pause)
        for place in AT_LOGIN:
            await killed_at(bot, place, crowd)
        for _ in range(PEOPLE):
            await crowd.join()
        started = time.monotonic()
        for place in plan:
            await (killed_at(bot, place, crowd) if place else killed_at_random(bot))
        await bot.start()
        await crowd.finish(60 + 0.2 * len(crowd.questions))
        unreadable = sum(len(person.unreadable) for person in crowd.people)
        kills, seconds = len(plan) + len(AT_LOGIN), time.monotonic() - started
        print(
            f"\n{kills} kills ({at_random} at random) in {seconds:.0f} s; {len(crowd.questions)} questions in "
            f"{len(crowd.rooms)} rooms, half of them encrypted: "
            f"{len(crowd.lost())} lost, {len(crowd.doubled())} doubled, {unreadable} unreadable"
        )
        return crowd


def is_perfect(crowd: Crowd) -> bool:
    assert crowd.lost() == []
    assert crowd.doubled() == []
    assert [list(person.unreadable) for person in crowd.people if person.unreadable] == []
    assert set(crowd.welcomes()) == {1}, crowd.welcomes()
    return True


@pytest.fixture
def mortal(synapse: Synapse, known_database: Path) -> Iterator[WarmBot]:
    bot = WarmBot(synapse, synapse.register(f"mortal{secrets.token_hex(4)}"), known_database)
    yield bot
    print(bot.tail(6000))
    bot.close()


async def test_no_question_is_lost_or_answered_twice_across_kills(synapse: Synapse, mortal: WarmBot) -> None:
    assert is_perfect(await campaign(synapse, mortal, at_random=2, rounds=1, pause=0.4))


@pytest.mark.campaign
async def test_no_question_is_lost_or_answered_twice_across_200_kills(synapse: Synapse, mortal: WarmBot) -> None:
    rounds = 100 // len(PLACES)
    at_random = 200 - rounds * len(PLACES) - len(AT_LOGIN)
    assert is_perfect(await campaign(synapse, mortal, at_random=at_random, rounds=rounds, pause=0.5))
