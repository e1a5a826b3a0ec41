"""Admins hear which part failed, since when and why, and later that this part works again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog.testing

from bot.messages import Say
from bot.messages.markup import plain
from bot.operations.alerts import Alerts
from bot.operations.health import ALLOWANCES, Health, HealthReport, PartReport
from bot.operations.part_alerts import Outage, PartAlerts, changes, line, reason
from bot.texts import LANGUAGES, Texts
from knowledge_base.store.database import Store
from tests.bot.operations.test_alerts import taken
from tests.bot.operations.test_health import Seconds
from tests.conftest import FixedClock
from tests.wording import says

NOW = datetime(2026, 11, 30, 14, 20, tzinfo=UTC)
TEXTS = Texts()


def named(channel: str) -> Say:
    return Say(f"channel.{channel}")


def status(**reasons: str) -> HealthReport:
    return HealthReport(tuple(PartReport(name, not reason, 90, reason) for name, reason in reasons.items()))


def test_outage_began_when_the_part_was_last_alive() -> None:
    (outage,) = changes({}, status(a="", b="timeout"), NOW)
    assert outage == Outage("b", NOW - timedelta(seconds=90), "timeout")


def test_outage_is_news_when_it_begins_and_when_it_ends() -> None:
    (outage,) = changes({}, status(b="timeout"), NOW)
    assert list(changes({"b": outage}, status(b="silent"), NOW)) == []
    (over,) = changes({"b": outage}, status(b=""), NOW)
    assert (over.since, over.until, over.reason) == (outage.since, NOW, "timeout")


def test_channel_that_gives_up_after_an_outage_is_news() -> None:
    (outage,) = changes({}, status(telegram="token refused"), NOW)
    (ended,) = changes({"telegram": outage}, status(telegram="ended: Get a new token."), NOW)
    assert (ended.since, ended.reason) == (outage.since, "ended: Get a new token.")
    assert list(changes({"telegram": ended}, status(telegram="ended: Get a new token."), NOW)) == []


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("part", [*ALLOWANCES, "matrix", "telegram", "email"])
@pytest.mark.parametrize(
    "why", ["silent", "token refused", "3 muted chats", "ended: Get a new token.", "GET sync: 500."]
)
def test_alert_names_part_time_reason_and_remedy_in_every_language(part: str, why: str, language: str) -> None:
    since, until = "2026-11-30 14:20 UTC", "2026-11-30 14:30 UTC"
    text = plain(TEXTS.render(line(Outage(part, NOW, why), named), language))
    assert says("alert.part_down.line", text, language)
    assert since in text
    assert len(text.splitlines()) == 2
    assert ".." not in text
    over = plain(TEXTS.render(line(Outage(part, NOW, why, NOW + timedelta(minutes=10)), named), language))
    assert since in over
    assert until in over
    assert not text.startswith(part), "the name in the code says nothing to an admin"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("timeout", "timeout"),
        ("12 muted chats", "muted"),
        ("many muted chats", "other"),
        ("ended: The token was revoked.", "ended"),
        ("GET sync: ReadTimeout.", "timeout"),
        ("the mail server does not answer in time", "timeout"),
        ("GET sync: ConnectError.", "unreachable"),
        ("GET sync: 502.", "unreachable"),
        ("the mail server cannot be reached (ConnectionRefusedError)", "unreachable"),
        ("GET sync: 500.", "other"),
        ("the mail server refuses the login (535)", "other"),
    ],
)
def test_reason_without_plain_words_is_shown_as_a_technical_message(text: str, key: str) -> None:
    assert reason(text).key == f"alert.reason.{key}"


class Watched:
    """Health, alerts to one admin, and two clocks that move together."""

    def __init__(self, store: Store, clock: FixedClock) -> None:
        self._clock, self._seconds = clock, Seconds()
        self.store, self.health = store, Health(self._seconds)
        self.parts = PartAlerts(self.health, Alerts(store, ("matrix:@a:b.example",)), clock, named)

    async def looks(self, **passed: float) -> list[str]:
        """Look after some time; return the keys and lines of the messages."""
        self._clock.advance(**passed)
        self._seconds.value += timedelta(**passed).total_seconds()
        await self.parts.look()
        return [plain(TEXTS.render(Say.from_json(row.payload["say"]), "de")) for row in await taken(self.store)]


@pytest.fixture
async def watched(sqlite_store: Store, clock: FixedClock) -> Watched:
    async with sqlite_store.begin() as tx:
        await tx.people.identify("matrix", "@a:b.example", private_conversation="!a")
    return Watched(sqlite_store, clock)


async def test_admin_hears_of_an_outage_once_and_then_of_its_end(watched: Watched) -> None:
    watched.health.expect("telegram")
    assert await watched.looks(seconds=10) == []
    (down,) = await watched.looks(seconds=100)
    assert says("alert.part_down", down)
    assert await watched.looks(minutes=90) == []
    watched.health.beat("telegram")
    (up,) = await watched.looks(seconds=10)
    assert says("alert.part_up", up)
    assert says("channel.telegram", up)
    assert await watched.looks(hours=0) == []


async def test_parts_that_fail_together_are_one_message(watched: Watched) -> None:
    for part in ("database", "dispatcher", "outbox"):
        watched.health.expect(part)
    (down,) = await watched.looks(seconds=100)
    assert all(says(f"alert.part.{part}", down) for part in ("database", "dispatcher", "outbox"))


async def fail_untold(watched: Watched, *parts: str) -> None:
    """Let parts fail while no alert can be stored."""
    for part in parts:
        watched.health.expect(part)
    async with watched.store.begin() as tx:
        await tx.connection.exec_driver_sql("ALTER TABLE fact RENAME TO away")
    assert await watched.looks(seconds=100) == []
    async with watched.store.begin() as tx:
        await tx.connection.exec_driver_sql("ALTER TABLE away RENAME TO fact")


async def test_part_that_recovers_a_little_later_than_another_causes_no_alarm(watched: Watched) -> None:
    await fail_untold(watched, "database", "queues")
    watched.health.beat("database")
    (up,) = await watched.looks(seconds=10)
    assert says("alert.part_up", up)
    watched.health.beat("queues")
    (up,) = await watched.looks(seconds=10)
    assert says("alert.part_up", up)
    assert says("alert.part.queues", up)


async def test_part_that_stays_failed_when_another_recovers_is_told(watched: Watched) -> None:
    await fail_untold(watched, "telegram", "email")
    watched.health.beat("telegram")
    (up,) = await watched.looks(seconds=10)
    assert says("channel.telegram", up)
    (down,) = await watched.looks(seconds=40)
    assert says("alert.part_down", down)
    assert says("channel.email", down)


async def test_outage_that_could_not_be_stored_is_told_with_its_end(watched: Watched, tmp_path: Path) -> None:
    watched.health.expect("database")
    async with watched.store.begin() as tx:
        await tx.connection.exec_driver_sql("ALTER TABLE fact RENAME TO away")
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            assert await watched.looks(seconds=100) == []
    assert [entry["event"] for entry in logs] == ["alert", "alert_not_stored"]
    async with watched.store.begin() as tx:
        await tx.connection.exec_driver_sql("ALTER TABLE away RENAME TO fact")
    watched.health.beat("database")
    (up,) = await watched.looks(seconds=10)
    assert says("alert.part_up", up)
    assert says("alert.part.database", up)
    assert says("alert.reason.silent", up)


async def test_part_that_fails_again_within_the_hour_is_told_after_it(watched: Watched) -> None:
    watched.health.expect("telegram")
    assert len(await watched.looks(seconds=100)) == 1
    watched.health.beat("telegram")
    assert len(await watched.looks(seconds=10)) == 1
    assert await watched.looks(minutes=10) == [], "the same within an hour is only logged"
    (down,) = await watched.looks(minutes=50)
    assert says("alert.part_down", down), "the last that admins heard was that it works"


async def test_two_processes_tell_one_outage_once(watched: Watched, clock: FixedClock) -> None:
    other = Watched(watched.store, clock)
    for one in (watched, other):
        one.health.expect("telegram")
    assert len(await watched.looks(seconds=100)) == 1
    other._seconds.value += 100
    assert await other.looks(seconds=5) == []
    assert await other.looks(hours=2) == []
