"""The whole bot: it stops in order, and a dead part delays no other part."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import pytest
import structlog.testing

from bot import app
from bot.app import Bot
from bot.channels.port import ChannelEndedError, TryLaterError
from bot.incoming import channel_loop
from bot.messages.markup import plain
from bot.operations.health import Health, PartReport
from bot.resources import KnowledgeBase
from bot.texts import Texts
from config.settings import Settings
from knowledge_base.embedding.port import Vectors
from knowledge_base.errors import ModelError
from knowledge_base.search.service import SearchService
from knowledge_base.store.backup.create import backup
from knowledge_base.store.backup.restore import restore
from knowledge_base.store.database import Store
from knowledge_base.store.key_values import RESTORED
from knowledge_base.store.outbox import Urgency
from tests.bot.incoming.test_handler import MoodyEmbedder
from tests.bot.operations.test_health import Seconds
from tests.fake_embedder import HashEmbedder
from tests.fakes import PATIENCE_S, FakeChannel, Hang, Person, running_bot, settled
from tests.wording import says


class Run:
    """A bot that the test itself stops."""

    def __init__(self, store: Store, channels: list[FakeChannel], folder: Path) -> None:
        self._store, self._channels, self._folder = store, channels, folder
        self.stop = asyncio.Event()
        self.heard: list[tuple[str, str | ChannelEndedError | None]] = []

    async def start(self) -> asyncio.Task[bool]:
        search = SearchService(self._store, HashEmbedder())
        await search.start()
        self.bot = Bot(Settings(state_dir=self._folder), KnowledgeBase(self._store, search), Texts(), self._channels)
        return asyncio.create_task(self.bot.run(self.stop, lambda *told: self.heard.append(told)))

    async def ended(self, task: asyncio.Task[bool]) -> bool:
        async with asyncio.timeout(PATIENCE_S):
            return await task


async def test_stopping_bot_sends_its_waiting_answers_and_then_closes_channels(known: Store, tmp_path: Path) -> None:
    channel = FakeChannel()
    run = Run(known, [channel], tmp_path)
    task = await run.start()
    people = [channel.person(f"p{number}") for number in range(12)]
    asked = [await person.writes("Wer hat Mobilitätsprojekte gemacht?") for person in people]
    run.stop.set()
    with structlog.testing.capture_logs() as logs:
        assert await run.ended(task)
    assert [line["as_wished"] for line in logs if line["event"] == "bot.stopped"] == [True]
    assert [channel.answers_to(question) for question in asked] == [1] * 12
    assert channel.closed
    async with known.read() as tx:
        assert await tx.inbox.count() == {"done": 12}
        assert await tx.outbox.count() == {"sent": 12}
        assert await tx.processes.living() == []


async def test_hanging_network_does_not_delay_the_stop(
    known: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "GRACE_S", 0.05)
    dead, alive = FakeChannel("dead"), FakeChannel("alive")
    hang = Hang()
    dead.faults.append(hang)
    run = Run(known, [dead, alive], tmp_path)
    task = await run.start()
    await dead.person("anna").writes("!hilfe")
    await hang.reached.wait()
    await alive.person("ben").says("!hilfe")
    async with asyncio.timeout(PATIENCE_S):
        while await outbox(known) != {"leased": 1, "sent": 1}:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.01)
    run.stop.set()
    assert await run.ended(task)
    assert dead.closed
    assert await outbox(known) == {"leased": 1, "sent": 1}


async def outbox(store: Store) -> dict[str, int]:
    async with store.read() as tx:
        return await tx.outbox.count()


async def test_admins_are_told_once_of_a_restore_at_the_next_start(tmp_path: Path, known_database: Path) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    before.mkdir()
    shutil.copy(known_database, before / "bot.db")
    store = await Store.open(f"sqlite:///{before / 'bot.db'}")
    async with store.begin() as tx:
        await tx.people.identify("fake", "ada", private_conversation="chat-of-ada")
        for room in ("chat-of-ben", "chat-of-cleo"):
            await tx.outbox.add("fake", room, {"say": {}}, urgency=Urgency.NOTICE)
    await store.close()
    await backup(tmp_path / "made.tar.gz", f"sqlite:///{before / 'bot.db'}", before)
    await restore(tmp_path / "made.tar.gz", f"sqlite:///{after / 'bot.db'}", after)
    store = await Store.open(f"sqlite:///{after / 'bot.db'}")
    for expected in (1, 0):
        channel = FakeChannel()
        async with running_bot(store, HashEmbedder(), [channel], tmp_path, admins="fake:ada") as bot:
            await told_of_restore(store)
            await settled(bot)
        messages = [plain(message.document) for message in channel.delivered]
        assert len(messages) == expected
        assert all(says("alert.restored", text) and "unterwegs waren: 2." in text for text in messages)
    await store.close()


async def told_of_restore(store: Store) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            async with store.read() as tx:
                if (await tx.facts.get(RESTORED)).get("told"):
                    return


class Fragile(HashEmbedder):
    """An embedder that fails while it is ``broken``."""

    broken, tried = False, 0

    async def embed_queries(self, texts: Sequence[str]) -> Vectors:
        self.tried += 1
        if self.broken:
            raise ModelError("out of memory")
        return await super().embed_queries(texts)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_failing_model_turns_health_red_within_120_seconds(
    known: Store, channel: FakeChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds, embedder = Seconds(), Fragile()
    monkeypatch.setattr(app, "Health", partial(Health, seconds))
    monkeypatch.setattr(app, "PROBE_EVERY", 0.01)
    async with running_bot(known, embedder, [channel], tmp_path) as bot:

        def model() -> PartReport:
            return next(part for part in bot.health.status().parts if part.name == "model")

        await until(lambda: b"stadtlotse_embedding_seconds_count 2" in bot.metrics.exposition())
        seconds.value += 85
        await until(lambda: model().silent_for == 0)
        embedder.broken, tried = True, embedder.tried
        await until(lambda: embedder.tried > tried + 1)
        seconds.value += 119
        await until(lambda: embedder.tried > tried + 3)
        assert (model().ok, model().reason) == (False, "unreachable")
        embedder.broken = False
        await until(lambda: model().ok)


def test_stop_of_the_bot_takes_less_than_ten_seconds() -> None:
    assert app.GRACE_S + app.CLOSE_S < 9


async def test_channel_that_cannot_be_closed_does_not_block_the_stop(
    known: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "CLOSE_S", 0.01)

    class Stubborn(FakeChannel):
        async def close(self) -> None:
            await asyncio.Event().wait()

    class Broken(FakeChannel):
        async def close(self) -> None:
            raise RuntimeError("already closed")

    run = Run(known, [Stubborn("a"), Broken("b")], tmp_path)
    task = await run.start()
    run.stop.set()
    assert await run.ended(task)


async def test_ended_channel_does_not_stop_the_others(known: Store, tmp_path: Path) -> None:
    ended, other = FakeChannel("ended"), FakeChannel("other")
    run = Run(known, [ended, other], tmp_path)
    task = await run.start()
    await ended.listens.wait()
    ended.ends("the token was revoked")
    assert says("help", await other.person("anna").says("!hilfe"))
    assert [(name, str(why)) for name, why in run.heard if isinstance(why, ChannelEndedError)] == [
        ("ended", "the token was revoked")
    ]
    reasons = {part.name: part.reason for part in run.bot.health.status().parts if not part.ok}
    assert reasons == {"ended": "ended: the token was revoked"}
    other.ends()
    assert not await run.ended(task)


async def test_bot_ends_successfully_when_its_only_channel_is_done(known: Store, tmp_path: Path) -> None:
    channel = FakeChannel()
    run = Run(known, [channel], tmp_path)
    task = await run.start()
    await channel.listens.wait()
    channel.leaves()
    assert await run.ended(task)


async def test_broken_channel_is_started_again(known: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel_loop, "AGAIN_S", 0.0)
    channel, other = FakeChannel(), FakeChannel("other")
    run = Run(known, [channel, other], tmp_path)
    task = await run.start()
    await channel.listens.wait()
    for _ in range(3):
        channel.breaks(KeyError("invite"))
    assert says("help", await other.person("anna").says("!hilfe"))
    assert says("help", await channel.person("anna").says("!hilfe"))
    run.stop.set()
    assert await run.ended(task)
    assert run.heard.count(("fake", "internal error")) == 3


async def test_network_that_is_down_does_not_delay_others(known: Store, tmp_path: Path) -> None:
    down, up = FakeChannel("down"), FakeChannel("up")
    async with running_bot(known, HashEmbedder(), [down, up], tmp_path) as bot:
        down.faults.extend(TryLaterError("down") for _ in range(40))
        hang = Hang()
        down.faults.append(hang)
        for number in range(40):
            await down.person(f"p{number}").writes("!hilfe")
        for number in range(10):
            assert says("help", await up.person(f"p{number}").says("!hilfe"))
        assert down.delivered == []
        hang.let_go.set()
        del bot


async def test_hanging_model_does_not_delay_commands_on_another_channel(known: Store, tmp_path: Path) -> None:
    embedder = MoodyEmbedder()
    one, two = FakeChannel("one"), FakeChannel("two")
    async with running_bot(known, embedder, [one, two], tmp_path):
        for number in range(5):
            await one.person(f"p{number}").writes("warte auf den Rufbus")
        assert says("help", await two.person("ben").says("!hilfe"))
        embedder.hang.let_go.set()


async def test_health_lists_all_parts_of_the_bot(bot: Bot, anna: Person) -> None:
    await anna.says("!hilfe")
    await settled(bot)
    report = bot.health.status()
    assert {part.name for part in report.parts} >= {"database", "dispatcher", "outbox", "fake"}
    assert report.ok


async def test_questions_are_counted_by_their_outcome(bot: Bot, anna: Person) -> None:
    await anna.says("Wer hat Mobilitätsprojekte gemacht?")
    await anna.says("Wer hat in Wien ein Freibad gebaut?")
    await anna.says("!hilfe")
    figures = bot.metrics.exposition().decode()
    assert 'stadtlotse_questions_total{channel="fake",outcome="answered"} 1.0' in figures
    assert 'stadtlotse_questions_total{channel="fake",outcome="not_sure"} 1.0' in figures
    assert 'stadtlotse_questions_total{channel="fake",outcome="error"} 0.0' in figures
