"""The command ``digest`` makes the digests of a given time; a terminal's digest waits for its next chat."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from knowledge_base.digests.schedule import Week
from knowledge_base.store.database import Store
from knowledge_base.store.known_time import note_time
from knowledge_base.store.subscriptions import ON
from knowledge_base.store.tables import digest_run
from run_bot import app

WEEK = Week(2024, 48)  # long past, as is the subscription: the bundle comes after it, whatever the machine's clock says
MONDAY = f"{WEEK.monday}T08:00:00+01:00"
SUBSCRIBED = datetime(2024, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STADTLOTSE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("STADTLOTSE_DIGESTS__FIRST_SEND", "2")
    return tmp_path


def subscribe(folder: Path, count: int, *, sign_of_life: bool = False) -> None:
    async def work() -> None:
        store = await Store.open(f"sqlite:///{folder / 'stadtlotse.db'}", clock=lambda: SUBSCRIBED)
        async with store.begin() as tx:
            for number in range(count):
                person = await tx.people.identify("terminal", f"p{number}", private_conversation="here")
                subscription = tx.subscriptions.fresh("terminal", person_id=person.id)
                await tx.subscriptions.save(
                    replace(subscription, state=ON, topics=("mobility",), sign_of_life=sign_of_life)
                )
        await store.close()

    asyncio.run(work())


def digest(*options: str) -> list[dict[str, object]]:
    result = CliRunner().invoke(app, ["digest", "--now", MONDAY, "--yes", "--json", *options])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_digest_command_shows_a_dry_run_and_then_stores_each_digest_once(folder: Path) -> None:
    subscribe(folder, 1)
    (shown,) = digest("--dry-run")
    assert (shown["channel"], shown["week"], shown["state"]) == ("terminal", str(WEEK), "due")
    assert "bb-cottbus" in shown["items"]  # type: ignore[operator]
    (made,) = digest()
    assert made == shown | {"state": "queued"}
    assert digest() == [{"channel": "terminal", "week": str(WEEK), "items": [], "state": "skipped", "reason": "served"}]


def test_digests_to_many_new_subscribers_need_approve(folder: Path) -> None:
    subscribe(folder, 3)
    assert {outcome["reason"] for outcome in digest()} == {"awaits_approval"}
    assert {outcome["state"] for outcome in digest("--approve")} == {"queued"}


def test_invalid_time_exits_with_2(folder: Path) -> None:
    assert CliRunner().invoke(app, ["digest", "--now", "tomorrow"]).exit_code == 2


def test_time_without_a_zone_is_read_as_berlin_time(folder: Path) -> None:
    subscribe(folder, 1)
    early = CliRunner().invoke(app, ["digest", "--now", f"{WEEK.monday}T07:59", "--dry-run", "--json"])
    assert early.stdout == ""
    late = CliRunner().invoke(app, ["digest", "--now", f"{WEEK.monday}T08:00", "--dry-run", "--json"])
    assert json.loads(late.stdout)["state"] == "due"


def run(*options: str, typed: str = "") -> Result:
    return CliRunner().invoke(app, ["digest", *options], input=typed)


def stored(folder: Path) -> list[tuple[str, str]]:
    async def work() -> list[tuple[str, str]]:
        store = await Store.open(f"sqlite:///{folder / 'stadtlotse.db'}")
        async with store.read() as tx:
            seen = [(row.week, row.state) for row in await tx.connection.execute(select(digest_run))]
        await store.close()
        return seen

    return asyncio.run(work())


@pytest.mark.parametrize("days", [-400, -16, 16, 365, 40_000])
def test_time_far_from_the_present_is_refused_in_a_pipe_without_yes(folder: Path, days: int) -> None:
    subscribe(folder, 1)
    far = (datetime.now(UTC) + timedelta(days=days)).isoformat()
    refused = run("--now", far, "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--yes" in refused.output
    assert stored(folder) == []
    assert run("--now", far, "--json", "--dry-run").exit_code == 0
    assert stored(folder) == []


def test_admin_at_a_terminal_is_asked_to_confirm_a_time_far_from_the_present(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(folder, 1)
    with monkeypatch.context() as patch:
        patch.setattr("bot.cli.digests.at_terminal", lambda: True)
        assert run("--now", MONDAY, "--json", typed="n\n").exit_code == 2
        assert stored(folder) == []
        assert run("--now", MONDAY, "--json", typed="y\n").exit_code == 0
    assert stored(folder) == [(str(WEEK), "queued")]


def test_confirmed_wrong_year_does_not_stop_later_digests(folder: Path) -> None:
    subscribe(folder, 4, sign_of_life=True)
    typed = (datetime.now(UTC) + timedelta(days=365)).isoformat()
    made = run("--now", typed, "--yes", "--approve", "--json")
    assert {json.loads(line)["state"] for line in made.stdout.splitlines()} == {"queued"}
    again = run("--now", typed, "--yes", "--json")
    assert {json.loads(line)["reason"] for line in again.stdout.splitlines()} == {"served"}, "once is enough"
    for days in (7, 14, 180):
        later = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        outcomes = [json.loads(line) for line in run("--now", later, "--yes", "--json").stdout.splitlines()]
        assert len(outcomes) == 4
        assert "served" not in {outcome.get("reason", "") for outcome in outcomes}


def test_digest_command_refuses_a_suspicious_clock_until_an_admin_confirms_it(folder: Path) -> None:
    subscribe(folder, 1)

    async def work() -> None:
        store = await Store.open(f"sqlite:///{folder / 'stadtlotse.db'}")
        async with store.begin() as tx:
            await note_time(tx.facts, tx.now - timedelta(days=400))
        await store.close()

    asyncio.run(work())
    assert run("--json").exit_code == 2
    assert CliRunner().invoke(app, ["clock"]).exit_code == 0
    assert run("--json").exit_code == 2, "to look at the clock confirms nothing"
    assert CliRunner().invoke(app, ["clock", "confirm"]).exit_code == 0
    assert run("--json").exit_code == 0
