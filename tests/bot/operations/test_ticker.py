"""The regular work: each part runs separately, and no failure of it ends the bot."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from bot.app import periods_of
from bot.messages import Say
from bot.operations import ticker
from bot.operations.alerts import Alerts
from bot.operations.health import Health
from bot.operations.metrics import Metrics
from bot.operations.ticker import Ticker, logged
from config.retention import RetentionSettings
from knowledge_base.ingest.importer import import_files
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.transaction import Transaction
from tests.claims import to_send, unclear
from tests.conftest import FixedClock
from tests.fake_embedder import HashEmbedder
from tests.fakes import PATIENCE_S, FakeChannel, Person, running_bot
from tests.wording import says

PERIODS = periods_of(RetentionSettings(), timedelta(minutes=30))


def make(store: Store) -> Ticker:
    search = SearchService(store, HashEmbedder())
    return Ticker(store, search, PERIODS, Metrics(["fake"]), Health(), Alerts(store, ["fake:ada"]))


async def test_edit_of_an_editor_is_soon_found_by_questions(
    known: Store, channel: FakeChannel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ticker, "TICK_S", 0.01)
    async with running_bot(known, HashEmbedder(), [channel], tmp_path, editors="fake:erika"):
        erika, anna = channel.person("erika"), channel.person("anna")
        assert says(
            "edit.done", await erika.says("!bearbeiten bb-cottbus-oepnv title = Zeppelinverkehr über der Lausitz")
        )
        async with asyncio.timeout(PATIENCE_S):
            while "Zeppelinverkehr" not in await anna.says("Zeppelinverkehr über der Lausitz"):
                pass


async def test_log_shows_the_progress_of_embedding_many_projects(sqlite_store: Store, tmp_path: Path) -> None:
    table = tmp_path / "many.csv"
    table.write_text("id,title,text\n" + "".join(f"p{n},Radweg {n},Nach Ort {n}\n" for n in range(500)))
    await import_files(sqlite_store, [table])
    with capture_logs() as lines:
        await make(sqlite_store).follow()
    progress = [(line["done"], line["total"]) for line in lines if line["event"] == "search.progress"]
    assert progress == [(200, 500), (400, 500)]
    assert lines[-1]["event"] == "search.refreshed"


def test_log_gets_at_most_one_progress_line_for_each_twentieth() -> None:
    report = logged()
    with capture_logs() as lines:
        for done in range(1, 1001):
            report("embed", done, 1000)
        report("embed", 1, None)
    assert [line["done"] for line in lines] == list(range(50, 1000, 50))


async def test_text_of_a_question_is_deleted_after_half_an_hour(known: Store, anna: Person, clock: FixedClock) -> None:
    await anna.says("Wer hat Zeppelinprojekte gemacht?")
    clock.advance(minutes=31)
    await make(known).tick()
    async with known.read() as tx:
        tables = ["chat_context", "inbox", "outbox", "person", "account", "answer"]
        for table in tables:
            rows = await tx.connection.exec_driver_sql(f"SELECT * FROM {table}")
            assert not [row for row in rows if "zeppelin" in str(row).lower()], table


async def _ada(tx: Transaction) -> None:
    await tx.people.identify("fake", "ada", private_conversation="chat-of-ada")


async def test_admins_are_alerted_once_of_new_unclear_messages(known: Store, clock: FixedClock) -> None:
    async with known.begin() as tx:
        await _ada(tx)
        await tx.outbox.add("fake", "x", {"say": Say("ask.empty").to_json()}, urgency=Urgency.BULK, message_id="old")
        await unclear(tx, "old", "fake", "lost")
    regular = make(known)
    await regular.tick()  # what there was before is no news
    async with known.begin() as tx:
        for name in ("m1", "m2"):
            await tx.outbox.add("fake", "x", {"say": Say("ask.empty").to_json()}, urgency=Urgency.BULK, message_id=name)
            await unclear(tx, name, "fake", "lost")
    await regular.tick()
    await regular.tick()
    async with known.begin() as tx:
        rows = await to_send(tx, "fake")
    assert [(row.conversation, row.payload["say"]) for row in rows] == [
        ("chat-of-ada", Say("alert.unclear", {"number": 2}).to_json())
    ]


async def test_failing_regular_work_is_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    done = asyncio.Event()
    times: list[int] = []

    async def fails() -> None:
        times.append(1)
        if len(times) == 3:
            done.set()
        raise RuntimeError("database away")

    task = asyncio.create_task(ticker._every(0.001, fails))
    await done.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
