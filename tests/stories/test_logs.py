"""Whole conversations at DEBUG, with failing databases: no line of the log names an account or a room."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.channels.port import UndeliverableError
from knowledge_base.store.database import Store
from tests.fakes import settled
from tests.introducing import Networks, asks, known_as, networks

ANNA, TELEGRAM, ROOM = "@zzqanna:musterstadt.example", "7391846205", "!qxroomqx:musterstadt.example"
CANARIES = ("zzqanna", "7391846205", "1007391846206", "qxroomqx", "8462913")
REFUSALS = {
    "chat_context": "conversation = ''", "profile": "phone = ''", "outbox": "conversation = ''",
    "inbox": "user_id = ''",
}  # fmt: skip


@pytest.fixture
async def net(store: Store, tmp_path: Path, output: io.StringIO) -> AsyncIterator[Networks]:
    async with networks(store, tmp_path) as running:
        yield running


async def refuse(store: Store, table: str) -> None:
    """Let the database refuse rows of a table and quote them in its error."""
    async with store.begin() as tx:
        if store.is_sqlite:
            told = "SELECT RAISE(ABORT, 'refused')"
            for what in ("INSERT", "UPDATE"):
                sql = f"CREATE TRIGGER refuse_{what}_{table} BEFORE {what} ON {table} BEGIN {told}; END"
                await tx.connection.execute(text(sql))
        else:
            check = f"ALTER TABLE {table} ADD CONSTRAINT refuse CHECK ({REFUSALS[table]}) NOT VALID"
            await tx.connection.execute(text(check))


async def take_again(store: Store, table: str) -> None:
    async with store.begin() as tx:
        if store.is_sqlite:
            for what in ("INSERT", "UPDATE"):
                await tx.connection.execute(text(f"DROP TRIGGER refuse_{what}_{table}"))
        else:
            await tx.connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT refuse"))


async def test_no_line_of_the_log_names_an_account_or_a_room(net: Networks, output: io.StringIO) -> None:
    anna = await known_as(net.matrix.person(ANNA, ""), place="Potsdam")
    other = net.telegram.person(TELEGRAM)
    await other.says("!hilfe")
    await net.matrix.person(ANNA, ROOM).says("!frage Was gibt es zur Mobilität?")
    await net.telegram.person(TELEGRAM, "-1007391846206").says("!frage Was gibt es zur Mobilität?")
    await asks(anna)
    for table, command in (("chat_context", "!frage Wo gibt es Radwege?"), ("profile", "!profil telefon 8462913")):
        await refuse(net.store, table)
        for person in (anna, other):
            await person.says(command)
        await take_again(net.store, table)
    await refuse(net.store, "inbox")
    with pytest.raises(Exception):  # noqa: B017, PT011 - the network hears of it, and delivers again
        await other.writes("!hilfe")
    await take_again(net.store, "inbox")
    net.telegram.faults.append(UndeliverableError(f"Forbidden: user {TELEGRAM} blocked the bot", gone=True))
    await other.writes("!hilfe")
    await settled(net.bot)
    logged = output.getvalue()
    assert "message.failed" in logged
    assert "outbox.dead" in logged
    assert [canary for canary in CANARIES if canary in logged.lower()] == []
