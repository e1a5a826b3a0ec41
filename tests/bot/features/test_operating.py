"""Admins see how the bot is, and decide about unclear messages, in private and in the management room."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select, update

from bot.channels.port import UndeliverableError
from bot.messages.markup import plain
from bot.messages.readership import Readership
from knowledge_base.store.database import Store
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.tables import outbox
from tests.fakes import Person, settled
from tests.introducing import Networks, networks
from tests.wording import says

ADA, BEA, EVE = "@ada:b.example", "@bea:b.example", "@eve:b.example"
OPS = "!ops:b.example"


@pytest.fixture
async def net(sqlite_store: Store, tmp_path: Path) -> AsyncIterator[Networks]:
    settings = {"admins": f"matrix:{ADA},matrix:{BEA},telegram:11", "management_room": f"matrix:{OPS}"}
    async with networks(sqlite_store, tmp_path, **settings) as running:
        running.matrix.operators = {ADA, BEA}
        yield running


def in_room(net: Networks, user: str, *members: str) -> Person:
    """A member of the management room."""
    person = net.matrix.person(user, room=OPS)
    net.matrix.places[OPS] = Readership(frozenset(members), closed=True)
    return person


async def doubtful(store: Store, *ids: str, state: str = "unclear") -> None:
    async with store.begin() as tx:
        for message_id in ids:
            await tx.outbox.add("telegram", "4711", {}, urgency=Urgency.NOTICE, message_id=message_id)
        values = {"state": state, "error": "no answer in time"}
        await tx.connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(**values))


async def states(store: Store) -> dict[str, str]:
    """The state of each doubtful message."""
    async with store.read() as tx:
        rows = await tx.connection.execute(select(outbox.c.id, outbox.c.state).where(outbox.c.channel == "telegram"))
        return {row.id: row.state for row in rows}


A, B, LIKE_A = "a" * 32, "ab" + "c" * 30, "a" * 31 + "b"


@pytest.mark.parametrize("where", ["private", "room"])
async def test_admin_sees_parts_and_queues(net: Networks, where: str) -> None:
    ada = in_room(net, ADA, ADA, BEA) if where == "room" else net.matrix.person(ADA)
    net.bot.health.failed("telegram", "ended: The token was revoked.", final=True)
    await doubtful(net.store, A)
    heard = await ada.says("!status")
    assert says("operate.status", heard)
    assert says("operate.part_ok", heard)
    assert says("operate.part_red", heard)
    assert "The token was revoked" in heard
    assert says("alert.part.database", heard)
    assert says("operate.status_hint", heard)


@pytest.mark.parametrize("command", ["!status", "!unklar", "!unklar senden alle", "!unklar verwerfen alle"])
@pytest.mark.parametrize("where", ["private", "room"])
async def test_only_admins_may_ask(net: Networks, where: str, command: str) -> None:
    await doubtful(net.store, A)
    eve = in_room(net, EVE, ADA, EVE) if where == "room" else net.matrix.person(EVE)
    assert says("admins_only", await eve.says(command))
    assert await states(net.store) == {A: "unclear"}


async def test_status_is_not_said_where_others_read(net: Networks) -> None:
    ada = in_room(net, ADA, ADA, EVE)
    event = await ada.writes("!status")
    await settled(net.bot)
    said = [(message.address.conversation, message.answers) for message in net.matrix.delivered]
    assert (OPS, event) in said, "the room hears where the answer is"
    assert not any(says("operate.status", text) for text in net.told(net.matrix, OPS))
    assert any(says("operate.status", text) for text in net.told(net.matrix, f"chat-of-{ADA}"))


async def test_admin_lists_unclear_messages_without_their_places(net: Networks) -> None:
    ada = net.matrix.person(ADA)
    assert says("operate.no_unclear", await ada.says("!unklar"))
    await doubtful(net.store, A)
    await doubtful(net.store, B, state="held")
    heard = await ada.says("!unklar")
    assert A[:8] in heard
    assert B[:8] in heard
    assert says("operate.held", heard)
    assert "4711" not in heard, "the place may be the account of another person"


@pytest.mark.parametrize(
    ("words", "after"),
    [
        (f"!unklar senden {A[:8]}", {A: "new", B: "unclear"}),
        (f"!unclear repeat {A}", {A: "new", B: "unclear"}),
        (f"!niejasne odrzuc {B[:8]}", {A: "unclear", B: "dead"}),
        ("!unklar verwerfen alle", {A: "dead", B: "dead"}),
        ("!unklar senden fff", {A: "unclear", B: "unclear"}),
        ("!unklar", {A: "unclear", B: "unclear"}),
    ],
)
async def test_admin_decides_about_unclear_messages(net: Networks, words: str, after: dict[str, str]) -> None:
    ada = net.matrix.person(ADA)
    net.bot.leadership._wanted.discard("telegram")
    net.bot.leadership._epochs.pop("telegram", None)  # so that what waits is not sent meanwhile
    await doubtful(net.store, A, B)
    await ada.says(words)
    assert await states(net.store) == after


async def test_several_messages_that_begin_alike_stay(net: Networks) -> None:
    await doubtful(net.store, A, LIKE_A)
    assert says("operate.unclear_unknown", await net.matrix.person(ADA).says("!unklar verwerfen aaaaaaaa"))
    assert await states(net.store) == {A: "unclear", LIKE_A: "unclear"}


async def test_help_shows_these_commands_to_admins_alone(net: Networks) -> None:
    for user, shown in ((ADA, True), (EVE, False)):
        heard = await net.matrix.person(user).says("!hilfe")
        assert (says("help.status", heard), says("help.unclear", heard)) == (shown, shown)


# --------------------------------------------------------------------------------------------- the management room


async def alerted(net: Networks) -> list[tuple[str, str]]:
    """Raise an alert; return the network and place of each message about it."""
    await net.bot._alerts.alert("quarantined", number=1)
    await settled(net.bot)
    return sorted(
        (channel.name, message.address.conversation)
        for channel in (net.matrix, net.telegram)
        for message in channel.delivered
        if says("alert.quarantined", plain(message.document))
    )


async def test_alert_goes_to_the_room_and_to_admins_on_other_networks(net: Networks) -> None:
    in_room(net, ADA, ADA, BEA)
    for person in (net.matrix.person(ADA), net.telegram.person("11")):
        await person.says("!hilfe")
    assert await alerted(net) == [("matrix", OPS), ("telegram", "chat-of-11")]


@pytest.mark.parametrize("closed", [True, False])
async def test_alert_goes_to_each_admin_if_others_read_the_room(net: Networks, closed: bool) -> None:
    in_room(net, ADA, ADA, BEA)
    net.matrix.places[OPS] = Readership(frozenset({ADA, BEA, EVE} if closed else {ADA, BEA}), closed=closed)
    await net.matrix.person(ADA).says("!hilfe")
    assert await alerted(net) == [("matrix", f"chat-of-{ADA}"), ("matrix", f"chat-of-{BEA}")]
    assert says("alert.room_overheard", net.told(net.matrix, f"chat-of-{ADA}")[-1])


async def test_alert_goes_to_each_admin_if_the_bot_is_not_in_the_room(net: Networks) -> None:
    in_room(net, ADA, ADA, BEA)
    net.matrix.faults.append(UndeliverableError("The bot is not in this room.", gone=True))
    assert await alerted(net) == [("matrix", f"chat-of-{ADA}"), ("matrix", f"chat-of-{BEA}")]
    assert says("alert.room_closed", net.told(net.matrix, f"chat-of-{BEA}")[-1])
