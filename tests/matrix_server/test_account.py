"""The account of the bot on a real server: its name and picture, a login by token, and the Spaces that it serves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import nio
import pytest

from bot.channels.matrix.face import BUNDLED
from tests.matrix_server.bot_process import BotProcess
from tests.matrix_server.person import Person
from tests.matrix_server.synapse import Synapse
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.matrix]


async def profile(server: Synapse, user: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=server.url) as http:
        found: dict[str, Any] = (await http.get(f"/_matrix/client/v3/profile/{user}")).json()
        return found


async def shown(server: Synapse, user: str, is_there: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until the profile is as wanted; the bot sets it after it listens."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_there(found := await profile(server, user)):  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    return found


async def test_new_account_shows_name_and_picture_and_a_restart_changes_nothing(
    new_bot: Callable[..., BotProcess], synapse: Synapse, person: Person
) -> None:
    bot = new_bot()
    await bot.start()
    first = await shown(synapse, bot.user_id, lambda found: bool(found.get("avatar_url")))
    assert first["displayname"] == "Stadtlotse"
    downloaded = await person.client.download(first["avatar_url"])
    assert isinstance(downloaded, nio.DiskDownloadResponse | nio.MemoryDownloadResponse)
    assert downloaded.body == BUNDLED.read_bytes()
    await bot.restart(MATRIX__DISPLAY_NAME="Lotse der Musterstadt")
    second = await shown(synapse, bot.user_id, lambda found: found["displayname"] != "Stadtlotse")
    assert second == {"displayname": "Lotse der Musterstadt", "avatar_url": first["avatar_url"]}
    room = await person.room_with(bot.user_id, encrypted=True)
    assert await person.ask(room, "Rufbus?")


async def test_login_with_a_token_uses_its_device_and_needs_no_password_afterwards(
    new_bot: Callable[..., BotProcess], synapse: Synapse
) -> None:
    """As on a server with the Matrix Authentication Service; the first identity needs the password on Synapse."""
    bot = new_bot()
    await bot.start()  # makes the identity
    await bot.end()
    recovery_key = (bot.folder / "recovery-key.txt").read_text().strip()
    for name in ("login.json", "identity.json", "recovery-key.txt"):
        (bot.folder / name).unlink()
    body = {"type": "m.login.password", "identifier": {"type": "m.id.user", "user": bot.user_id}, "password": "secret"}
    async with httpx.AsyncClient(base_url=synapse.url) as http:
        login = (await http.post("/_matrix/client/v3/login", json=body)).json()
    bot.settings |= {"MATRIX__PASSWORD": "", "MATRIX__ACCESS_TOKEN": login["access_token"]}
    await bot.start(ready=False)  # without the recovery key
    assert await bot.ended() == 1
    async with httpx.AsyncClient(base_url=synapse.url) as http:
        headers = {"Authorization": f"Bearer {login['access_token']}"}
        who = await http.get("/_matrix/client/v3/account/whoami", headers=headers)
    assert who.json()["device_id"] == login["device_id"], "the token that the operator gave is still good"
    await bot.start(MATRIX__RECOVERY_KEY=recovery_key)
    assert bot.device_id == login["device_id"]
    assert bot.events("matrix.identity")[-1]["outcome"] == "signed"
    await bot.restart()
    assert bot.device_id == login["device_id"]


async def space_of(person: Person, *invite: str) -> str:
    answer = await person.client.room_create(space=True, invite=list(invite), name="Region")
    assert isinstance(answer, nio.RoomCreateResponse), answer
    await person.sync()
    return str(answer.room_id)


async def test_joined_members_of_a_space_may_invite_and_ask_and_the_bot_is_silent_in_the_space(
    new_bot: Callable[..., BotProcess], synapse: Synapse, person: Person
) -> None:
    async with await Person.new(synapse) as outsider, await Person.new(synapse) as member:
        space = await space_of(person, member.user_id)
        await member.client.join(space)
        bot = new_bot(MATRIX__ALLOWED_SERVERS="elsewhere.example", MATRIX__ALLOWED_SPACES=space)
        await bot.start()
        assert (
            f"fail  matrix: the bot is not in the Space {space}" in (await asyncio.to_thread(bot.run, "check")).stdout
        )
        await person.client.room_invite(space, bot.user_id)
        await person.until(lambda: bot.user_id in person.client.rooms[space].users)
        await person.say(space, "!hilfe")

        room = await member.room_with(bot.user_id, encrypted=True)
        assert await member.ask(room, "Rufbus?")
        foreign = await outsider.room(bot.user_id)
        await outsider.until(lambda: bot.user_id not in outsider.client.rooms[foreign].invited_users)
        assert bot.user_id not in outsider.client.rooms[foreign].users
        report = await asyncio.to_thread(bot.run, "check")
        assert "not in the Space" not in report.stdout

        await member.client.room_leave(space)
        await person.until(lambda: member.user_id not in person.client.rooms[space].users)
        ignored = await member.say(room, "Hitzeschutz?")
        still = await person.room_with(bot.user_id)
        assert await person.ask(still, "Hitzeschutz?")
        await member.sync(300)
        assert member.answers(room, ignored) == []
        assert person.from_user(space, bot.user_id) == []
