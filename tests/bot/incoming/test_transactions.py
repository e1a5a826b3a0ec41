"""How many transactions a message costs, from finding it in the inbox to the stored answer."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

from bot.app import Bot
from bot.messages import Happening
from knowledge_base.store.database import Store
from knowledge_base.store.transaction import Transaction
from tests.conftest import FixedClock
from tests.fake_embedder import HashEmbedder
from tests.fakes import FakeChannel, Person, running_bot, settled

READ, WRITE = "read", "write"
# The dispatcher finds the message and claims it; the handler loads the turn and stores the answer.
FOUR = [READ, WRITE, READ, WRITE]
# What takes the message in before, and what sends the answer after, is not counted; nor what the bot does by itself.
LOOK, CLAIM = ("bot.incoming.dispatcher", READ), ("bot.incoming.dispatcher", WRITE)
COUNTED = ("bot.incoming.handler", "bot.incoming.dispatcher")
QUESTION = "Wer hat Mobilitätsprojekte gemacht?"


class CountingStore(Store):
    """A store that notes which transactions begin, and which part of the bot begins them."""

    def begin(self, **options: Any) -> AbstractAsyncContextManager[Transaction]:
        self.began.append((_caller(), WRITE))
        return super().begin(**options)

    def read(self, **options: Any) -> AbstractAsyncContextManager[Transaction]:
        self.began.append((_caller(), READ))
        return super().read(**options)

    @property
    def began(self) -> list[tuple[str, str]]:
        result: list[tuple[str, str]] = self.__dict__.setdefault("began_here", [])
        return result

    def counted(self) -> list[str]:
        """The transactions in order, without those that found no message."""
        noted = [step for step in self.began if step[0] in COUNTED]
        following = [*noted[1:], LOOK]
        return [step[1] for step, after in zip(noted, following, strict=True) if step != LOOK or after == CLAIM]


def _caller() -> str:
    """The counted module that began the transaction, directly or through a call; empty if none did."""
    modules = set()
    frame: Any = sys._getframe(1)
    while frame:
        modules.add(frame.f_globals.get("__name__", ""))
        frame = frame.f_back
    return next((name for name in COUNTED if name in modules), "")


@pytest.fixture
async def known(known: Store, clock: FixedClock) -> CountingStore:
    """The store that knows the bundle, counted."""
    return CountingStore(known._engine, clock)


async def steps(bot: Bot, store: CountingStore, act: Callable[[], Awaitable[object]]) -> Sequence[str]:
    """The transactions that a message costs, after all earlier work is done."""
    await settled(bot)
    store.began.clear()
    await act()
    await settled(bot)
    return store.counted()


@pytest.mark.parametrize(
    ("before", "text"),
    [
        ([], QUESTION),
        (["!hilfe"], QUESTION),
        ([QUESTION], "und in Sachsen?"),
        ([QUESTION], "mehr"),
        ([QUESTION], "1"),
        ([QUESTION], "!show 1"),
        ([QUESTION], "!nützlich"),
        ([], "!hilfe"),
        ([], "!start"),
        ([], "!sprache"),
        ([], "!abo"),
        (["!abo"], "1, 2"),
        (["!profil name"], "Anna Muster"),
        ([], "!meinedaten"),
    ],
    ids=[
        "the first question of a new person", "question", "follow-up", "more", "number", "show", "useful", "help",
        "start", "language", "subscribe", "several numbers", "prompted", "my data",
    ],
)  # fmt: skip
async def test_a_message_costs_four_transactions(
    bot: Bot, known: CountingStore, anna: Person, before: list[str], text: str
) -> None:
    for earlier in before:
        await anna.says(earlier)
    assert await steps(bot, known, lambda: anna.says(text)) == FOUR


async def test_question_in_a_group_costs_four_transactions(
    bot: Bot, known: CountingStore, channel: FakeChannel
) -> None:
    ada = channel.person("ada", room="!r")
    assert await steps(bot, known, lambda: ada.says("!start", needs_permit=True)) == FOUR
    assert await steps(bot, known, lambda: ada.says(QUESTION, needs_permit=True)) == FOUR


async def test_message_in_a_room_without_permission_costs_four_transactions(
    bot: Bot, known: CountingStore, channel: FakeChannel
) -> None:
    ben = channel.person("ben", room="!r")
    assert await steps(bot, known, lambda: ben.writes(QUESTION, needs_permit=True)) == FOUR


async def test_press_of_a_button_costs_four_transactions(
    bot: Bot, known: CountingStore, anna: Person, clock: FixedClock
) -> None:
    await anna.says(QUESTION)
    assert anna.last
    async with known.begin() as tx:
        person = await tx.people.of_account("fake", "anna")
        assert person
        handles = await tx.buttons.make(("fake", anna.conversation, ""), person.id, anna.last.id, ["more", "useful"])
    for handle in handles:
        press = anna.inbound(handle, happening=Happening.PRESSED, at=clock())
        assert await steps(bot, known, lambda press=press: anna.channel.hands_over(press)) == FOUR  # type: ignore[misc]


async def test_search_runs_outside_any_transaction(known: CountingStore, channel: FakeChannel, tmp_path: Path) -> None:
    class Watching(HashEmbedder):
        async def embed_queries(self, texts: Sequence[str]) -> Any:
            async with known.begin():  # would wait without end for a transaction that is held meanwhile
                return await super().embed_queries(texts)

    async with running_bot(known, Watching(), [channel], tmp_path):
        assert await channel.person("anna").says(QUESTION)
