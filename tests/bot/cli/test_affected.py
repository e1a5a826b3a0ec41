"""Which accounts have data here: by kind of data, by time, and each account on request."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

import run_bot
from knowledge_base.store.breach_report import affected
from knowledge_base.store.database import Store

ANNA, BEN = "@anna:potsdam.example", "@ben:cottbus.example"


async def fills(store: Store) -> None:
    async with store.begin() as tx:
        anna = await tx.people.identify("matrix", ANNA, private_conversation=ANNA)
        await tx.people.link(anna.id, "email", "anna@potsdam.example", "anna@potsdam.example")
        await tx.profiles.set(anna.id, name="Dezernat Verkehr", verified_address="anna@potsdam.example")


async def test_affected_accounts_are_listed_with_their_kinds_of_data_by_time(store: Store) -> None:
    await fills(store)
    before = store.now()
    store.now.advance(days=1)  # type: ignore[attr-defined]
    async with store.begin() as tx:
        await tx.people.identify("telegram", "4711", private_conversation="4711")
        now = await affected(tx.connection, store.now())
        then = await affected(tx.connection, before + timedelta(hours=1))
    assert [(account.channel, account.user_id) for account in now] == [
        ("email", "anna@potsdam.example"), ("matrix", ANNA), ("telegram", "4711"),
    ]  # fmt: skip
    assert now[1].kinds == ("told name, municipality or phone", "confirmed a mailbox")
    assert now[2].kinds == ()
    assert [one.channel for one in then] == ["email", "matrix"]


def test_affected_command_counts_accounts_and_lists_them_only_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STADTLOTSE_STATE_DIR", str(tmp_path))

    async def prepare() -> None:
        store = await Store.open(f"sqlite:///{tmp_path / 'stadtlotse.db'}")
        await fills(store)
        await store.close()

    asyncio.run(prepare())
    counted = CliRunner().invoke(run_bot.app, ["affected"])
    assert counted.exit_code == 0, counted.output
    assert "accounts: 2" in counted.stdout
    assert "confirmed a mailbox: 2" in counted.stdout
    assert "potsdam" not in counted.stdout
    listed = CliRunner().invoke(run_bot.app, ["affected", "--list"])
    assert f"matrix\t{ANNA}\ttold name, municipality or phone, confirmed a mailbox" in listed.stdout
    earlier = CliRunner().invoke(run_bot.app, ["affected", "--until", "2020-01-01T00:00"])
    assert "accounts: 0" in earlier.stdout
