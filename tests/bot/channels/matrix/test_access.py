"""Who may invite and ask: users of allowed servers and joined members of allowed Spaces."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from bot.channels.matrix.access import AGAIN_S, Access, spaces_without_bot
from bot.channels.matrix.batch import Batch, SyncReader
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.files import Folder
from bot.channels.matrix.http import BusyError, Json, RequestRefusedError, Server
from bot.channels.matrix.invitations import Invitations
from bot.channels.matrix.normalise import moment
from bot.channels.matrix.position import Position
from bot.channels.matrix.rooms import Room
from bot.messages import Happening
from config.matrix import MatrixSettings
from tests.bot.channels.matrix.rig import ANNA, ME, NOW_MS, event, member, text

SPACE, ALIAS, LENA, TOM = "!space:b.example", "#region:b.example", "@lena:b.example", "@tom:c.example"
CREATE = event("m.room.create", {"type": "m.space"}, state_key="", sender=LENA)


class Rooms(Server):
    """A homeserver with a Space behind an address."""

    def __init__(self) -> None:
        super().__init__("http://127.0.0.1:1")
        self.error: Exception | None = None
        self.asked: list[tuple[str, ...]] = []
        self.joined: list[str] = []

    async def request(self, method: str, *path: str, **more: Any) -> Json:
        self.asked.append(path[1:])
        match path[1:]:
            case ("joined_rooms",):
                return {"joined_rooms": self.joined}
            case ("directory", "room", alias):
                if self.error or alias != ALIAS:
                    raise self.error or RequestRefusedError(404, {"errcode": "M_NOT_FOUND"}, "GET directory")
                return {"room_id": SPACE}
        return {}


def space(*users: str, kind: Json = CREATE, me: str = "join") -> Room:
    room = Room(SPACE, ME)
    for one in (kind, *(member(user) for user in users), member(ME) | {"content": {"membership": me}}):
        room.apply(one)
    return room


def access(*spaces: str, server: Server | None = None, room: Room | None = None) -> Access:
    made = Access(server or Rooms(), MatrixSettings(allowed_spaces=spaces), ME)
    made.rooms = {SPACE: room} if room else {}
    return made


def test_joined_member_of_an_allowed_space_may_ask_and_nobody_else() -> None:
    policy = access(SPACE, room=space(LENA))
    assert [policy.may_ask(user) for user in (LENA, TOM, ANNA)] == [True, False, True], "Anna is on the bot's server"


def test_without_the_setting_membership_in_a_space_allows_nothing() -> None:
    assert not access(room=space(LENA)).may_ask(LENA)


@pytest.mark.parametrize("end", ["leave", "ban", "invite", "knock"])
def test_member_who_is_not_joined_may_not_ask(end: str) -> None:
    room = space(LENA)
    room.apply(event("m.room.member", {"membership": end}, state_key=LENA))
    assert not access(SPACE, room=room).may_ask(LENA)


def test_space_without_the_bot_allows_nothing() -> None:
    assert not access(SPACE).may_ask(LENA)
    assert not access(SPACE, room=space(LENA, me="leave")).may_ask(LENA)


def test_ordinary_room_is_no_space() -> None:
    assert not access(SPACE, room=space(LENA, kind=event("m.room.create", {}, state_key=""))).may_ask(LENA)


@pytest.mark.parametrize("name", ["region:b.example", "#region", "@lena:b.example", "! x"])
def test_setting_that_names_no_space_is_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="is no Space"):
        MatrixSettings(allowed_spaces=(name,))


async def test_space_is_found_by_its_address_and_joined() -> None:
    server = Rooms()
    policy = access(ALIAS, server=server, room=None)
    assert not policy.is_complete
    await policy.enter()
    assert policy.is_complete
    assert ("join", ALIAS) in server.asked
    policy.rooms = {SPACE: space(LENA)}
    assert policy.may_ask(LENA)
    assert policy.wants(SPACE)


async def test_address_that_leads_nowhere_allows_nothing_and_holds_up_nothing() -> None:
    policy = access("#typo:b.example", room=space(LENA))
    await policy.enter()
    assert policy.is_complete
    assert not policy.may_ask(LENA)


async def test_space_is_looked_for_again_after_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 10_000.0
    monkeypatch.setattr("bot.channels.matrix.access.monotonic", lambda: now)
    server = Rooms()
    server.error = BusyError("GET directory: 502.")
    policy = access(ALIAS, server=server)
    await policy.enter()
    assert not policy.is_complete
    server.error = None
    await policy.enter()
    assert len(server.asked) == 1
    now += AGAIN_S
    await policy.enter()
    assert policy.is_complete


async def test_check_names_the_spaces_that_the_bot_is_not_in() -> None:
    server = Rooms()
    settings = MatrixSettings(allowed_spaces=(ALIAS, "!other:b.example", "#typo:b.example"))
    server.joined = ["!other:b.example"]
    assert await spaces_without_bot(server, settings) == [ALIAS, "#typo:b.example"]
    server.joined.append(SPACE)
    assert await spaces_without_bot(server, settings) == ["#typo:b.example"]


# --- invitations and silence ------------------------------------------------------------------------------------------


@pytest.fixture
def reader(tmp_path: Any) -> Any:
    folder = Folder(tmp_path)
    folder.open()
    crypto = Crypto(ME, "BOT", folder, "key", new=True)
    yield SyncReader(crypto, ME, lambda _: True)
    crypto.close()
    folder.close()


def invited(who: str) -> Json:
    return {"invite_state": {"events": [event("m.room.member", {"membership": "invite"}, state_key=ME, sender=who)]}}


async def invitations(reader: SyncReader, policy: Access, server: Rooms) -> list[tuple[str, ...]]:
    """What the bot does with invitations of Lena and Tom to a room each, and of Tom to the Space."""
    handler = Invitations(server, reader, MatrixSettings(), policy)
    handler.add({"!lena:b": invited(LENA), "!tom:c": invited(TOM), SPACE: invited(TOM)})
    await handler.answer()
    return [path for path in server.asked if path[0] == "join" or path[-1] == "leave"]


async def test_member_of_a_space_may_invite_and_anyone_may_invite_into_the_space(reader: SyncReader) -> None:
    server = Rooms()
    done = await invitations(reader, access(SPACE, server=server, room=space(LENA)), server)
    assert done == [("join", "!lena:b"), ("rooms", "!tom:c", "leave"), ("join", SPACE)]


async def test_no_invitation_is_declined_before_the_spaces_are_known(reader: SyncReader) -> None:
    server = Rooms()
    assert await invitations(reader, access(ALIAS, server=server), server) == []


async def test_stale_invitation_in_the_state_of_a_fork_does_not_undo_the_arrival_of_the_bot(reader: SyncReader) -> None:
    """A message written while the bot arrives may make the server deliver the state without the arrival, afterwards."""
    arrived = {"timeline": {"events": [CREATE, member(LENA), member(ME)]}}
    stale = {"state": {"events": [member(ME) | {"content": {"membership": "invite"}}]}, "timeline": {"events": []}}
    for joined in (arrived, stale):
        reader.timeline(SPACE, joined, [], Position("s"), Batch(), moment(NOW_MS))
    assert access(SPACE, room=reader.rooms[SPACE]).may_ask(LENA)


async def test_bot_says_nothing_in_a_space(reader: SyncReader) -> None:
    arrival = member(ME) | {"unsigned": {"prev_content": {"membership": "invite"}}}
    joined = {"state": {"events": [CREATE, member(LENA)]}, "timeline": {"events": [arrival, text("!hilfe")]}}
    batch = Batch()
    reader.timeline(SPACE, joined, [], Position("s"), batch, moment(NOW_MS))
    assert batch.happenings == batch.unsure == []
    assert not reader.rooms[SPACE].private
    assert not reader.rooms[SPACE].readership.closed
    joined["state"] = {"events": [member(LENA)]}
    reader.timeline("!room:b", joined, [], Position("s"), batch, moment(NOW_MS))
    assert [happening.happening for happening in batch.happenings] == [Happening.JOINED, Happening.MESSAGE]
