"""Bounced mail: the bot stops sending there, passes the request on, and an admin can undo it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select, update
from typer.testing import CliRunner, Result

import run_bot
from bot.features.introductions import due
from knowledge_base.introductions.values import State
from knowledge_base.store.tables import introduction, outbox
from tests.bot.web.pages.conftest import Site, site, waiting

__all__ = ["site", "waiting"]
ADDRESS = "rad@cottbus.example"


async def states(site: Site) -> dict[str, str]:
    async with site.store.read() as tx:
        rows = await tx.connection.execute(select(outbox.c.key, outbox.c.state))
        return {row.key: row.state for row in rows}


async def bounces(site: Site, address: str = ADDRESS) -> bool:
    """Do what the command does in the database."""
    async with site.store.begin() as tx:
        return await tx.conversations.gone("email", address, "bounced")


@pytest.mark.parametrize("state", [State.SENT, State.DELIVERED])
async def test_bounced_request_goes_to_the_next_contact_and_the_admin_is_told(site: Site, state: State) -> None:
    async with site.store.begin() as tx:
        await tx.people.identify("matrix", "@ada:a.example", private_conversation="!ada:a.example")
        await tx.connection.execute(update(introduction).values(state=state))
        if state is State.DELIVERED:
            await tx.connection.execute(update(outbox).values(state="sent"))
    assert await bounces(site)
    assert await due(site.services) == 1
    after = await site.state()
    assert (after.state, after.contact, after.tried, after.round) == (State.SENT, "c2", ("c1",), 2)
    states_ = await states(site)
    assert states_["intro:intro-1:request:2"] == "new"
    assert states_["intro:intro-1:bounced:1:matrix:@ada:a.example"] == "new"
    assert any(key and ":onward:" in key for key in states_), "the asker hears that the next one is being asked"


async def test_request_to_a_working_address_is_not_passed_on(site: Site) -> None:
    async with site.store.begin() as tx:
        await tx.connection.execute(update(introduction).values(state=State.DELIVERED))
        await tx.connection.execute(update(outbox).values(state="sent"))
    assert await due(site.services) == 0
    assert (await site.state()).state is State.DELIVERED


async def test_waiting_mail_to_a_bounced_address_is_dropped_until_it_works_again(site: Site) -> None:
    assert not await bounces(site, "nobody@cottbus.example")
    assert await bounces(site)
    assert (await states(site))["intro:intro-1:request:1"] == "dead"
    async with site.store.begin() as tx:
        assert await tx.conversations.all_gone("email") == [ADDRESS]
        assert await tx.conversations.back("email", ADDRESS)
        assert await tx.conversations.all_gone("email") == []
        assert not await tx.conversations.back("email", "nobody@cottbus.example")


def call(database: Path, *arguments: str) -> Result:
    environment = {"STADTLOTSE_DATABASE__URL": f"sqlite:///{database}", "STADTLOTSE_STATE_DIR": str(database.parent)}
    return CliRunner().invoke(run_bot.app, ["bounced", *arguments], env=environment)


def test_bounced_command_lists_adds_and_removes_addresses(tmp_path: Path, waiting: tuple[Path, object]) -> None:
    import shutil

    database = tmp_path / "copy.db"
    shutil.copy(waiting[0], database)
    assert call(database).stdout == "none\n"
    noted = call(database, " RAD@Cottbus.example ")
    assert (noted.exit_code, noted.stdout) == (0, f"{ADDRESS}\n")
    unknown = call(database, "nobody@cottbus.example")
    assert (unknown.exit_code, unknown.stdout) == (1, f"{ADDRESS}\n")
    assert "nobody@cottbus.example" in unknown.stderr
    assert call(database, "--works", ADDRESS).stdout == "none\n"
