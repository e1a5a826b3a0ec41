"""The command ``unclear``: what an admin sees of messages in doubt, and how an admin decides on them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import update
from typer.testing import CliRunner, Result

import run_bot
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.tables import outbox
from tests import claims

SECRET = "Guten Tag Frau Muster"
Say = Callable[..., Result]


async def fill(url: str) -> None:
    """Store two messages held after a restore, two with unclear delivery, and one that waits."""
    store = await Store.open(url)
    async with store.begin() as tx:
        for name, urgency in zip(("h1", "h2", "u1", "u2", "w1"), (0, 1, 2, 1, 0), strict=True):
            payload = {"say": {"key": SECRET}}
            await tx.outbox.add("matrix", f"!{name}", payload, urgency=Urgency(urgency), message_id=name)
        await tx.connection.execute(update(outbox).where(outbox.c.id.in_(("h1", "h2"))).values(state="held"))
        for name in ("u1", "u2"):
            await claims.unclear(tx, name, "matrix", "no answer in time")
    await store.close()


async def to_send(url: str) -> list[str]:
    """The ids of the messages that a sender takes now."""
    store = await Store.open(url)
    async with store.begin() as tx:
        rows = await claims.to_send(tx, "matrix")
    await store.close()
    return sorted(row.id for row in rows)


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'stadtlotse.db'}"


@pytest.fixture
def unclear(url: str, tmp_path: Path) -> Say:
    asyncio.run(fill(url))
    environment = {"STADTLOTSE_STATE_DIR": str(tmp_path), "STADTLOTSE_DATABASE__URL": url}
    return lambda *arguments: CliRunner().invoke(run_bot.app, ["unclear", *arguments], env=environment)


def ids(said: Result) -> list[str]:
    return [line.split()[0] for line in said.stdout.splitlines()]


def test_unclear_command_lists_doubtful_messages_with_reason_without_text(unclear: Say) -> None:
    said = unclear()
    assert said.exit_code == 0
    first, second, third, _ = said.stdout.splitlines()
    assert first.startswith("h1  held  matrix !h1  answer  ")
    assert second.startswith("h2  held  matrix !h2  notice  ")
    assert third.startswith("u1  unclear  matrix !u1  bulk  ")
    assert third.endswith("UTC  no answer in time")
    assert SECRET not in said.stdout


def test_admin_can_repeat_and_drop_single_doubtful_messages(unclear: Say, url: str) -> None:
    assert ids(unclear("--repeat", "h1", "--repeat", "u1", "--drop", "h2")) == ["u2"]
    assert asyncio.run(to_send(url)) == ["h1", "u1", "w1"]


def test_admin_can_repeat_or_drop_all_doubtful_messages_of_a_kind(unclear: Say, url: str) -> None:
    assert ids(unclear("--repeat", "held")) == ["u1", "u2"]
    assert ids(unclear("--drop", "unclear")) == ["none"]
    assert asyncio.run(to_send(url)) == ["h1", "h2", "w1"]


@pytest.mark.parametrize("which", ["nonsense", "w1", "new", "sent"])
def test_admin_cannot_decide_on_messages_that_are_not_in_doubt(unclear: Say, url: str, which: str) -> None:
    said = unclear("--drop", which)
    assert said.exit_code == 1
    assert f"No such message: {which}." in said.stderr
    assert len(ids(said)) == 4
    assert asyncio.run(to_send(url)) == ["w1"]


def test_admin_cannot_change_a_decision_on_a_doubtful_message(unclear: Say) -> None:
    assert unclear("--drop", "held").exit_code == 0
    assert unclear("--repeat", "held").exit_code == 1
