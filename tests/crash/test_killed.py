"""``kill -9`` at random moments and at every named place: every message is answered, and none too often (I1, I4)."""

from __future__ import annotations

import os
import random
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from multiprocessing.context import ForkServerProcess
from pathlib import Path

import pytest

from knowledge_base.failpoints import ANYWHERE
from tests.crash import driver
from tests.crash.network import FileNetwork
from tests.crash.processes import PROCESSES

CONVERSATIONS = 6
TEXTS = ("Wer hat Mobilitätsprojekte gemacht?", "mehr", "LoRaWAN", "!hilfe", "Wer baut Freibäder auf dem Mond?", "2")
PATIENCE_S = 60.0


class Killable:
    """The bot in a process, on a network that stays."""

    def __init__(self, database: str, folder: Path, *, exactly_once: bool) -> None:
        self._database, self._folder, self._exactly_once = database, folder, exactly_once
        self.network = FileNetwork(folder)
        self.process: ForkServerProcess | None = None
        self.asked = 0
        self.kills = 0

    def start(self, fail_at: str = "") -> None:
        (self.network.outgoing / "ready").unlink(missing_ok=True)
        arguments = (self._database, str(self._folder), self._exactly_once, fail_at)
        self.process = PROCESSES.Process(target=driver.entry, args=arguments)
        self.process.start()
        self.until(lambda: self.network.ready() or self.exit_code is not None)

    @property
    def exit_code(self) -> int | None:
        return self.process.exitcode if self.process else None

    def ask(self, count: int) -> None:
        for _ in range(count):
            self.asked += 1
            self.network.write(self.asked, f"c{self.asked % CONVERSATIONS}", TEXTS[self.asked % len(TEXTS)])

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.join()
        self.kills += 1

    def dies_by_itself(self) -> None:
        """The armed place was reached."""
        self.until(lambda: self.exit_code is not None)
        assert self.exit_code == -signal.SIGKILL
        self.kills += 1

    def answers_everything_then_stops(self) -> None:
        while missing := len(self._unanswered()):  # hundreds may wait: that takes its time, but never stands still
            self.until(partial(self._fewer_than, missing))
        assert self.process is not None
        self.process.terminate()
        self.process.join(10)
        assert self.exit_code == 0
        answers = self.network.answers()
        assert set(answers) == self._questions()
        assert sum(answers.values()) - len(answers) <= (0 if self._exactly_once else self.kills)

    def _questions(self) -> set[str]:
        return {f"q{number}" for number in range(1, self.asked + 1)}

    def _unanswered(self) -> set[str]:
        return self._questions() - set(self.network.answers())

    def _fewer_than(self, number: int) -> bool:
        return len(self._unanswered()) < number

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < end, "it takes too long"
            time.sleep(0.01)


@contextmanager
def killable(database: str, folder: Path, *, exactly_once: bool) -> Iterator[Killable]:
    bot = Killable(database, folder, exactly_once=exactly_once)
    try:
        yield bot
    finally:
        if bot.process is not None and bot.exit_code is None:
            bot.kill()


@pytest.fixture
def database(known_database: Path, tmp_path: Path) -> str:
    shutil.copy(known_database, tmp_path / "killed.db")
    return f"sqlite:///{tmp_path / 'killed.db'}"


def campaign(bot: Killable, kills: int, seed: int) -> None:
    """Questions all the time, kills at random moments, from the start of a process to well into its work."""
    chance = random.Random(seed)
    for _ in range(kills):
        bot.start()
        bot.ask(chance.randint(1, 8))
        time.sleep(chance.uniform(0, 0.4))
        bot.kill()
    bot.start()
    bot.ask(3)
    bot.answers_everything_then_stops()


@pytest.mark.slow
@pytest.mark.parametrize("exactly_once", [True, False])
@pytest.mark.parametrize("place", ANYWHERE)
def test_killed_at(place: str, exactly_once: bool, database: str, tmp_path: Path) -> None:
    with killable(database, tmp_path / "net", exactly_once=exactly_once) as bot:
        for nth in (1, 3):
            bot.start(f"{place}:{nth}")
            bot.ask(3 if nth == 1 else 1)
            if place == "inbox.kept" and nth == 3:
                while bot.exit_code is None:
                    bot.ask(1)
                    time.sleep(0.05)
            else:
                bot.ask(6)
            bot.dies_by_itself()
        bot.start()
        bot.answers_everything_then_stops()


@pytest.mark.slow
@pytest.mark.parametrize(("exactly_once", "kills"), [(True, 8), (False, 7)])
def test_killed_at_random(exactly_once: bool, kills: int, database: str, tmp_path: Path) -> None:
    with killable(database, tmp_path / "net", exactly_once=exactly_once) as bot:
        campaign(bot, kills, seed=kills)


@pytest.mark.campaign
@pytest.mark.parametrize("exactly_once", [True, False])
def test_killed_two_hundred_times(exactly_once: bool, database: str, tmp_path: Path) -> None:
    with killable(database, tmp_path / "net", exactly_once=exactly_once) as bot:
        campaign(bot, 100, seed=int(os.environ.get("SEED", "1")))


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize("exactly_once", [True, False])
def test_killed_on_postgresql(exactly_once: bool, postgres_url: str, tmp_path: Path) -> None:
    with killable(postgres_url, tmp_path / "net", exactly_once=exactly_once) as bot:
        for place in ("answer.before_commit", "outbox.after_send"):
            bot.start(place)
            bot.ask(3)
            bot.dies_by_itself()
        campaign(bot, 3, seed=3)
