"""Six actors and every button: only the owner can act, once, across restarts; the others are told why not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from tests.bot.channels.telegram.rig import ADMIN, GROUP, Rig
from tests.bot.channels.telegram.test_introduction import asked, contact_on_telegram
from tests.bot.channels.telegram.town import town_of
from tests.bot.web.pages.conftest import dump
from tests.introducing import PROJECT
from tests.telegram_api import LoopbackApi, Message, User

FOREIGN, LATE, TWICE = "gehören der Person", "abgelaufen", "schon erledigt"
LINES = (
    "!sprache", "!profil", "!profil Kommune Potsdam", "!abo Mobilität", "!wochenbrief", "!abbestellen",
    "!widerruf", f"!zeige {PROJECT}", "Wer baut Freibäder auf dem Mond?", "!loeschen",
)  # fmt: skip
KINDS = {
    "accept", "decline", "forget", "intro", "language", "never", "nottopic", "pass-on", "profile", "show",
    "subscribe", "useful", "useless",
}  # fmt: skip
CHANGES_BY_ITSELF = ("inbox", "fact")  # what came in is kept, whoever pressed
LAST = "alles löschen"  # after it nobody is known any more
Button = tuple[Message, str, str]  # where, label, handle


async def test_only_the_owner_can_use_each_button_and_only_once_across_restarts(
    api: LoopbackApi, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    world, free = api.world, {"telegram": {"personal_data": True}}
    anna, lead, ben, eve, admin = (world.user(number) for number in (11, 12, 14, 13, ADMIN))
    async with town_of(api, tmp_path, caplog, **free) as town:
        await contact_on_telegram(town, lead)
        for member in (ben, admin):
            await town.rig.ask(member, "hilfe")
        await asked(town.rig, anna)
        for line in LINES:
            await town.rig.ask(anna, line)
        await town.settled()
        assert {command.split()[0] for command in await commands(town.rig)} >= KINDS
        shown = {anna.id: buttons(town.rig, anna), lead.id: buttons(town.rig, lead)}
        for owner, other in ((anna, lead), (lead, anna)):
            await nobody_else(town.rig, shown[owner.id], [other, ben, eve, admin])
        await not_elsewhere(town.rig, anna, shown[anna.id])
    async with town_of(api, tmp_path, caplog, **free) as town:  # a restart makes nobody another one
        await nobody_else(town.rig, shown[anna.id][:8], [lead, eve])
        counted = {button[2]: await press(town.rig, anna, button) for button in shown[anna.id] if LAST not in button[1]}
        assert sum(FOREIGN in said for said in counted.values()) == 0
        assert sum(TWICE in said for said in counted.values()) == 2, "those that led here: contact, agree"
        assert sum(said == "" for said in counted.values()) > 15, (
            "first presses count, though the bot was down meanwhile"
        )
        [accept] = [button for button in shown[lead.id] if button[1] == "Annehmen"]
        assert await press(town.rig, lead, accept) == ""
        await town.settled()
    async with town_of(api, tmp_path, caplog, **free) as town:
        before = await kept(town.rig)
        for owner, some in ((anna, [button for button in shown[anna.id] if button[2] in counted]), (lead, [accept])):
            for button in some:
                said = await press(town.rig, owner, button)
                assert TWICE in said or LATE in said, button
        await town.settled()
        assert await kept(town.rig) == before
        [forget] = [button for button in shown[anna.id] if LAST in button[1]]
        assert await press(town.rig, anna, forget) == ""
        await town.settled()
        for button in shown[anna.id][:8]:
            said = await press(town.rig, anna, button)
            assert LATE in said or FOREIGN in said, "the row is gone with the person"


async def nobody_else(rig: Rig, shown: list[Button], others: list[User]) -> None:
    """Others press every button: the bot answers each press, and nothing changes."""
    before, said = await kept(rig), len(rig.world.messages)
    queries = [rig.world.press_data(other, one[0], one[2]) for one in shown for other in others]
    assert all([FOREIGN in await rig.toast(query) for query in queries])
    await rig.settled()
    assert await kept(rig) == before
    assert len(rig.world.messages) == said


async def not_elsewhere(rig: Rig, owner: User, shown: list[Button]) -> None:
    """The owner cannot use a button's handle under another message, in another chat."""
    group = rig.world.group(GROUP)
    rig.world.add_bot(owner, group)
    there = await rig.ask(owner, "/hilfe", chat=group)
    await rig.settled()
    before = await kept(rig)
    queries = [rig.world.press_data(owner, there, handle) for _, _, handle in shown]
    assert all([FOREIGN in await rig.toast(query) for query in queries])
    await rig.settled()
    assert await kept(rig) == before


def buttons(rig: Rig, user: User) -> list[Button]:
    """Every button in the chat of a user."""
    return [
        (message, button["text"], button["callback_data"])
        for message in rig.world.said(user)
        for button in message.buttons
    ]


async def press(rig: Rig, user: User, one: Button) -> str:
    return await rig.toast(rig.world.press_data(user, one[0], one[2]))


async def commands(rig: Rig) -> list[str]:
    async with rig.store.read() as tx:
        return list((await tx.connection.scalars(text("SELECT command FROM button"))).all())


async def kept(rig: Rig) -> dict[str, Any]:
    """All stored rows except the inbox."""
    return {table: rows for table, rows in (await dump(rig.store)).items() if table not in CHANGES_BY_ITSELF}
