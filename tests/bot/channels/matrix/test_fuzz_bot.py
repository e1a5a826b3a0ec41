"""Broken events, clear and encrypted, for the whole bot: none stops it, none is answered twice, none reaches the log.

Only the network is not real: the homeserver hands out what the test queues.
"""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bot.channels.matrix.http import Json
from knowledge_base.store.database import Store
from tests.bot.channels.matrix.every_kind import messages, state
from tests.bot.channels.matrix.rig import ANNA, OTHER, ROOM, Rig, text
from tests.bot.channels.matrix.whole_bot import CHANGING, CONTROL, ROOMS, now_sent, sync_answer, whole_bot
from tests.mutations import copied, mutated, seed
from tests.wording import says

BATCH = 50
LANGUAGES = ("de", "en", "pl")  # a vote may have changed it
GOOD = 3  # good messages after a batch
WORDS, NAME = "Kanarientext", "Kanarienname"
CANARIES = (WORDS, NAME, ANNA)


class Fuzz:
    """Breaks events, and hands them to the bot among good ones."""

    def __init__(self, rig: Rig, chosen: str) -> None:
        self._rig, self.draw = rig, random.Random(chosen)
        self._number = 0
        self.asked: list[str] = []

    def _fresh(self, sent: Json) -> Json:
        self._number += 1
        return now_sent(sent, f"$f{self._number}") | {"sender": ANNA}

    def broken(self) -> tuple[str, Any]:
        """Return a room, and a broken event for it."""
        kind = self.draw.choice(["clear", "clear", "encrypted", "wrapper", "state"])
        words = f"Wer hat {WORDS} und Mobilität?"
        if kind == "state":
            return CHANGING, self._mutated(self.draw.choice(state(NAME)))
        clear = self._referring(self.draw.choice(messages(words)))
        if kind == "clear":
            return ROOM, self._mutated(clear)
        if kind == "wrapper":
            return ROOM, self._mutated(self._rig.encrypted_event(ROOM, clear["type"], clear["content"]))
        content = mutated(self.draw, {"type": clear["type"], "content": clear["content"]})
        try:
            return ROOM, self._fresh(self._rig.encrypted_event(ROOM, content.get("type"), content.get("content")))
        except Exception:  # noqa: BLE001 - not even the sender's client can encrypt it
            return ROOM, self._mutated(clear)

    def _referring(self, valid: Json) -> Json:
        """Return an event that refers to an earlier one, where it refers to any."""
        earlier = f"$f{self.draw.randint(1, self._number + 1)}"
        found: Json = json.loads(json.dumps(valid).replace('"$x"', f'"{earlier}"'))
        return found

    def _mutated(self, valid: Json) -> Any:
        return mutated(self.draw, self._fresh(valid))

    def good(self, room: str) -> Json:
        sent = self._rig.encrypt(room, "!hilfe") if room == OTHER else text("!hilfe")
        good = self._fresh(sent)
        self.asked.append(good["event_id"])
        return good

    def batch(self) -> tuple[list[Json], Json]:
        """Return an answer with broken events, sometimes twice, and one with good messages in rooms without changes."""
        timelines: dict[str, list[Any]] = {room: [] for room in ROOMS}
        for _ in range(BATCH):
            room, one = self.broken()
            timelines[room].append(one)
        answer = sync_answer(timelines, tuple(self._rig.to_device))
        times = self.draw.choice([1, 1, 1, 2])
        return [copied(answer) for _ in range(times)], sync_answer(
            {room: [self.good(room)] for room in (ROOM, OTHER, CONTROL)}
        )


async def fuzz(rig: Rig, store: Store, folder: Path, output: io.StringIO, chosen: str, events: int) -> None:
    async with whole_bot(rig, store, folder) as channel:
        run = Fuzz(rig, chosen)
        for number in range(events // BATCH):
            broken, good = run.batch()
            await channel.takes(*broken, good)
            for asked in run.asked[-GOOD:]:
                answer = await channel.answered(asked)
                assert any(says("help", answer, language) for language in LANGUAGES), f"batch {number}: {answer}"
    answered = Counter(message.answers for message in channel.sent if message.answers and not message.replaces)
    assert [(one, count) for one, count in answered.items() if count > 1] == []
    assert len(answered) > GOOD * (events // BATCH), "else no broken event was a question"
    logged = output.getvalue()
    assert "matrix.backs_off" not in logged
    assert "matrix.failed" not in logged
    assert [canary for canary in CANARIES if canary.lower() in logged.lower()] == []


@pytest.mark.parametrize("chosen", ["one", "two", "three"])
async def test_broken_events_stop_nothing_and_reach_no_log(
    rig: Rig, live_store: Store, tmp_path: Path, output: io.StringIO, chosen: str
) -> None:
    await fuzz(rig, live_store, tmp_path, output, chosen, 150)


@pytest.mark.campaign
@pytest.mark.fuzz
async def test_10000_broken_events_stop_nothing_and_reach_no_log(
    rig: Rig, live_store: Store, tmp_path: Path, output: io.StringIO
) -> None:
    await fuzz(rig, live_store, tmp_path, output, seed(), 10_000)
