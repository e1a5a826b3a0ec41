"""``digest``: who gets what at a time, for programs and people; a terminal's own digest waits for its next chat."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from knowledge_base.digests.schedule import Week
from knowledge_base.store.database import Store
from knowledge_base.store.subscriptions import ON
from run_bot import app

WEEK = Week(2024, 48)  # long past, as is the subscription: the bundle comes after it, whatever the machine's clock says
MONDAY = f"{WEEK.monday}T08:00:00+01:00"
SUBSCRIBED = datetime(2024, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STADTLOTSE_STATE_DIR", str(tmp_path))
    monkeypatch.setenv("STADTLOTSE_DIGESTS__FIRST_SEND", "2")
    return tmp_path


def subscribe(folder: Path, count: int) -> None:
    async def work() -> None:
        store = await Store.open(f"sqlite:///{folder / 'stadtlotse.db'}", clock=lambda: SUBSCRIBED)
        async with store.begin() as tx:
            for number in range(count):
                person = await tx.people.identify("terminal", f"p{number}", private_conversation="here")
                wish = tx.subscriptions.fresh("terminal", person_id=person.id)
                await tx.subscriptions.save(replace(wish, state=ON, topics=("mobility",)))
        await store.close()

    asyncio.run(work())


def digest(*options: str) -> list[dict[str, object]]:
    result = CliRunner().invoke(app, ["digest", "--now", MONDAY, "--json", *options])
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_who_gets_what_then_it_is_stored_once(folder: Path) -> None:
    subscribe(folder, 1)
    (shown,) = digest("--dry-run")
    assert (shown["channel"], shown["week"], shown["state"]) == ("terminal", str(WEEK), "due")
    assert "bb-cottbus" in shown["items"]  # type: ignore[operator]
    (made,) = digest()
    assert made == shown | {"state": "queued"}
    assert digest() == [{"channel": "terminal", "week": str(WEEK), "items": [], "state": "skipped", "reason": "served"}]


def test_many_first_ones_need_a_yes(folder: Path) -> None:
    subscribe(folder, 3)
    assert {one["reason"] for one in digest()} == {"awaits_approval"}
    assert {one["state"] for one in digest("--approve")} == {"queued"}


def test_wrong_use(folder: Path) -> None:
    assert CliRunner().invoke(app, ["digest", "--now", "tomorrow"]).exit_code == 2


def test_a_time_without_a_zone_is_that_of_berlin(folder: Path) -> None:
    subscribe(folder, 1)
    early = CliRunner().invoke(app, ["digest", "--now", f"{WEEK.monday}T07:59", "--dry-run", "--json"])
    assert early.stdout == ""
    late = CliRunner().invoke(app, ["digest", "--now", f"{WEEK.monday}T08:00", "--dry-run", "--json"])
    assert json.loads(late.stdout)["state"] == "due"
