"""Alerts reach every admin at most once an hour, and a broken database does not break them."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import structlog.testing
from sqlalchemy import update

from bot.messages import Reach, Say
from bot.messages.markup import plain
from bot.operations.alerts import CODES, Alerts, News
from bot.texts import LANGUAGES, Texts
from knowledge_base.store.database import Store
from knowledge_base.store.key_values import RESTORED
from knowledge_base.store.outbox import OutboxRow, Urgency
from knowledge_base.store.tables import outbox
from tests.claims import to_send
from tests.conftest import FixedClock

NEWS = News(datetime(2026, 11, 23, 8, tzinfo=UTC), Say("channel.matrix"))
ADMINS = ("matrix:@a:example.org", "telegram:123", "matrix:@never-wrote:example.org")


@pytest.fixture
async def alerts(store: Store) -> Alerts:
    async with store.begin() as tx:
        await tx.people.identify("matrix", "@a:example.org", private_conversation="!a")
        person = await tx.people.identify("telegram", "123", private_conversation="123")
        await tx.people.choose_language(person.id, "pl")
    return Alerts(store, ADMINS)


async def taken(store: Store) -> list[OutboxRow]:
    """Return the messages to send now, by conversation, and mark them as sent."""
    rows: list[OutboxRow] = []
    async with store.begin() as tx:
        for channel in ("matrix", "telegram"):
            while leased := await to_send(tx, channel):
                rows += leased
                for row in leased:
                    await tx.outbox.sent(row, None)
    return rows


async def test_every_reachable_admin_gets_an_alert_in_their_language(store: Store, alerts: Alerts) -> None:
    await alerts.alert("away", subject="matrix", part="matrix", hours=21)
    rows = await taken(store)
    assert [(row.channel, row.conversation, row.payload["language"]) for row in rows] == [
        ("matrix", "!a", "de"),
        ("telegram", "123", "pl"),
    ]
    assert {row.urgency for row in rows} == {Urgency.NOTICE}
    assert Say.from_json(rows[0].payload["say"]) == Say(
        "alert.away", {"part": Reach("matrix", linked=False), "hours": 21}
    )


async def test_same_alert_is_sent_once_an_hour_and_logged_each_time(
    store: Store, alerts: Alerts, clock: FixedClock
) -> None:
    clock.advance(minutes=55)  # the next full hour is near: it must not count as a new one
    with structlog.testing.capture_logs() as logs:
        await alerts.alert("unclear", number=1)
        clock.advance(minutes=10)
        await alerts.alert("unclear", number=2)
    assert len(await taken(store)) == 2
    assert [entry["number"] for entry in logs if entry["event"] == "alert"] == [1, 2]
    await alerts.alert("quarantined", number=1)
    await alerts.alert("away", subject="matrix", part="matrix", hours=21)
    await alerts.alert("away", subject="telegram", part="telegram", hours=21)
    assert len(await taken(store)) == 6, "other things are other messages"
    clock.advance(minutes=51)
    await alerts.alert("unclear", number=3)
    assert len(await taken(store)) == 2


@pytest.fixture
def restored_at(clock: FixedClock) -> dict[str, str]:
    return {"at": clock().isoformat(), "made_at": (clock() - timedelta(hours=5)).isoformat()}


async def test_every_admin_is_told_once_of_a_restore(
    store: Store, alerts: Alerts, clock: FixedClock, restored_at: dict[str, str]
) -> None:
    await alerts.restored()
    assert await taken(store) == []
    async with store.begin() as tx:
        await tx.facts.put(RESTORED, restored_at)
        await tx.outbox.add("matrix", "!b", {}, urgency=Urgency.NOTICE)
        await tx.connection.execute(update(outbox).values(state="held"))
    await alerts.restored()
    clock.advance(hours=3)
    await alerts.restored()
    await Alerts(store, ADMINS).restored()
    rows = await taken(store)
    assert [(row.channel, row.payload["language"]) for row in rows] == [("matrix", "de"), ("telegram", "pl")]
    say = Say.from_json(rows[0].payload["say"])
    assert say.key == "alert.restored"
    made_at = f"{clock() - timedelta(hours=8):%Y-%m-%d %H:%M} UTC"
    assert say.values == {"number": 1, "made_at": Reach(made_at, linked=False)}


async def test_two_processes_send_the_same_alert_once(store: Store, alerts: Alerts) -> None:
    other = Alerts(store, ADMINS)
    await asyncio.gather(*(one.alert("unclear", number=1) for one in (alerts, other) for _ in range(5)))
    assert len(await taken(store)) == 2


async def test_alert_about_a_broken_database_is_logged_without_an_error(sqlite_store: Store) -> None:
    async with sqlite_store.begin() as tx:
        await tx.connection.exec_driver_sql("DROP TABLE fact")
    with structlog.testing.capture_logs() as logs:
        alerts = Alerts(sqlite_store, ADMINS)
        await alerts.alert("unclear", number=1)
        for _ in range(3):
            assert await alerts.tell("part_down", {"part_down database": NEWS}) == frozenset()
    assert [entry["event"] for entry in logs] == ["alert", "alert_not_stored", "alert_not_stored"]


async def test_log_holds_no_address_of_an_unreachable_admin(store: Store, alerts: Alerts) -> None:
    with structlog.testing.capture_logs() as logs:
        await alerts.alert("unclear", number=1)
    assert [entry["event"] for entry in logs] == ["alert", "admin_not_reachable"]
    assert not any("never-wrote" in str(entry) for entry in logs)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_every_alert_code_has_a_text_in_every_language(code: str, language: str) -> None:
    values: dict[str, Any] = {
        "part": "matrix",
        "reason": "timeout",
        "lines": (Say("channel.matrix"),),
        "number": 3,
        "days": 30,
        "user": "@a:b",
    }
    values["made_at"] = "2026-03-01 12:00 UTC"
    values |= {"hours": 21, "device": "ABC"}
    values |= {"clock": "2028-01-03 12:00 UTC", "expected": "2026-11-30 12:00 UTC"}
    text = plain(Texts().render(Say(f"alert.{code}", values), language))
    assert text
    assert "{" not in text
