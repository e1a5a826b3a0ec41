"""``kill -9`` at random moments and at every named place: every question is answered, and not too often (I1, I4)."""

from __future__ import annotations

import os
import random
import time
from functools import partial
from pathlib import Path

import pytest

from knowledge_base.failpoints import ANYWHERE
from tests.crash.mortal import Mortal

CONVERSATIONS = 6
TEXTS = ("Wer hat Mobilitätsprojekte gemacht?", "mehr", "LoRaWAN", "!hilfe", "Wer baut Freibäder auf dem Mond?", "2")


class Asked(Mortal):
    """A bot that users ask."""

    asked = 0

    def ask(self, count: int) -> None:
        for _ in range(count):
            self.asked += 1
            self.network.write(self.asked, f"c{self.asked % CONVERSATIONS}", TEXTS[self.asked % len(TEXTS)])

    def answers_everything_then_stops(self) -> None:
        while missing := len(self._unanswered()):  # hundreds may wait: that takes its time, but never stands still
            self.until(partial(self._fewer_than, missing))
        self.stops()
        answers = self.network.answers()
        assert set(answers) == self._questions()
        assert sum(answers.values()) - len(answers) <= (0 if self.exactly_once else self.kills)

    def _questions(self) -> set[str]:
        return {f"q{number}" for number in range(1, self.asked + 1)}

    def _unanswered(self) -> set[str]:
        return self._questions() - set(self.network.answers())

    def _fewer_than(self, number: int) -> bool:
        return len(self._unanswered()) < number


def campaign(bot: Asked, kills: int, seed: int) -> None:
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
def test_every_question_is_answered_after_a_kill_at_each_failpoint(
    place: str, exactly_once: bool, database: str, tmp_path: Path
) -> None:
    with Asked(database, tmp_path / "net", exactly_once=exactly_once) as bot:
        bot.start(f"{place}:2")  # the first one is done, others wait
        while bot.exit_code is None:
            bot.ask(1)
            time.sleep(0.05)
        bot.dies_by_itself()
        bot.start()
        bot.answers_everything_then_stops()


@pytest.mark.slow
@pytest.mark.parametrize(("exactly_once", "kills"), [(True, 3), (False, 3)])
def test_every_question_is_answered_after_random_kills(
    exactly_once: bool, kills: int, database: str, tmp_path: Path
) -> None:
    with Asked(database, tmp_path / "net", exactly_once=exactly_once) as bot:
        campaign(bot, kills, seed=kills)


@pytest.mark.campaign
@pytest.mark.parametrize("exactly_once", [True, False])
def test_every_question_is_answered_after_100_kills(exactly_once: bool, database: str, tmp_path: Path) -> None:
    with Asked(database, tmp_path / "net", exactly_once=exactly_once) as bot:
        campaign(bot, 100, seed=int(os.environ.get("SEED", "1")))


@pytest.mark.slow
@pytest.mark.servers
@pytest.mark.parametrize("exactly_once", [True, False])
def test_every_question_is_answered_after_kills_on_postgresql(
    exactly_once: bool, postgres_url: str, tmp_path: Path
) -> None:
    with Asked(postgres_url, tmp_path / "net", exactly_once=exactly_once) as bot:
        for place in ("answer.before_commit", "outbox.after_send"):
            bot.start(place)
            bot.ask(3)
            bot.dies_by_itself()
        campaign(bot, 1, seed=3)
