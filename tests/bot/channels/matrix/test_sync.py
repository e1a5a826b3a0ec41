"""The sync loop: when it counts as listening, and what it does if the server rejects its position."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.matrix.http import BusyError, Json, MatrixError, RequestRefusedError, UnreachableError
from bot.channels.matrix.normalise import moment
from bot.channels.matrix.position import Position
from bot.channels.matrix.sync import rejects_request
from bot.messages import Inbound, Refused
from knowledge_base.errors import StoreError
from tests.bot.channels.matrix.rig import ANNA, ME, NOW_MS, ROOM, Homeserver, Inbox, Rig, event, member, text

HOUR_MS = 3_600_000
STATE = {"events": [member(ME), member(ANNA)]}


class Syncing(Homeserver):
    """Answers syncs: without a position with a snapshot, with a position as the test says; then it is gone."""

    def __init__(self, *answers: Json | Exception, timeline: Sequence[Json] = ()) -> None:
        super().__init__("http://127.0.0.1:1")
        self.answers = list(answers)
        self.asked: list[str | None] = []
        self.timeline = {"events": list(timeline), "limited": False, "prev_batch": "p1"}
        self.pages: list[Json] = []

    async def request(self, method: str, *path: str, **more: Any) -> Json:
        if path[-1] == "messages":
            return self.pages.pop(0) if self.pages else {"chunk": []}
        if path != ("v3", "sync"):
            return {}
        since = more["query"].get("since")
        self.asked.append(since)
        if since is None:
            full = more["query"]["filter"]["room"]["timeline"]["limit"] > 0
            joined = {"state": STATE, "timeline": copy.deepcopy(self.timeline) if full else {}}
            return {"next_batch": "fresh", "rooms": {"join": {ROOM: joined}}}
        answer = self.answers.pop(0) if self.answers else UnreachableError("gone")
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class KeptInbox(Inbox):
    """An inbox of a bot that has run before."""

    position: str | None = Position("old", at=moment(NOW_MS - 5 * HOUR_MS).isoformat()).dump()
    fails: bool = False
    stored: list[str | None] = field(default_factory=list)

    async def __call__(
        self, channel: str, happenings: Sequence[Inbound], *, cursor: str | None = None, refused: Sequence[Refused] = ()
    ) -> None:
        if self.fails:
            raise StoreError("The disk is full.")
        await super().__call__(channel, happenings, cursor=cursor, refused=refused)
        self.stored.append(cursor)

    async def cursor(self, channel: str) -> str | None:
        return self.position


@dataclass
class Run:
    """What one run of the loop did before it ended."""

    error: Exception
    listened: list[str | None]
    alerts: list[str]


async def run(rig: Rig, server: Syncing, inbox: KeptInbox, rooms: Sequence[str] = ()) -> Run:
    """Run the loop once; ``rooms``: those that the bot must be in at the end."""
    rig.server = server
    listened: list[str | None] = []
    alerts: list[str] = []

    async def alert(code: str, *, subject: str = "", **values: str | int) -> None:
        alerts.append(code)

    async with rig.bot() as (sync, _):
        sync._receive, sync._parts.alert = inbox, alert
        with pytest.raises((MatrixError, StoreError)) as caught:
            await sync.run(listened.append, lambda: None)
        assert not rooms or list(sync._parts.reader.rooms) == list(rooms)
    return Run(caught.value, listened, alerts)


@pytest.fixture
def rig(tmp_path: Path) -> Any:
    made = Rig(tmp_path)
    yield made
    made.close()


def refused(status: int, code: str = "M_UNKNOWN") -> RequestRefusedError:
    return RequestRefusedError(status, {"errcode": code}, "GET sync")


def at(hours: float, body: str) -> Json:
    return text(body) | {"event_id": f"$at{hours}", "origin_server_ts": NOW_MS + int(hours * HOUR_MS)}


# --- listening --------------------------------------------------------------------------------------------------------


async def test_bot_listens_once_the_first_answer_is_stored(rig: Rig) -> None:
    inbox = KeptInbox()
    result = await run(rig, Syncing({"next_batch": "s2"}), inbox)
    assert result.listened == [None]
    assert [Position.load(cursor).since for cursor in inbox.stored] == ["s2"]
    assert result.alerts == []


@pytest.mark.parametrize(
    "answer",
    [
        BusyError("GET sync: 502."),
        UnreachableError("GET sync: ReadTimeout."),
        refused(401, "M_UNKNOWN_TOKEN"),
        {"rooms": {}},
        {"next_batch": 5},
    ],
    ids=str,
)
async def test_error_after_the_snapshot_is_no_sign_of_life(rig: Rig, answer: Json | Exception) -> None:
    inbox = KeptInbox()
    server = Syncing(answer)
    result = await run(rig, server, inbox)
    assert result.listened == []
    assert result.alerts == []
    assert inbox.stored == []
    assert server.asked == [None, "old"], "the position is not to blame"


async def test_bot_does_not_listen_if_the_store_fails(rig: Rig) -> None:
    result = await run(rig, Syncing({"next_batch": "s2"}), KeptInbox(fails=True))
    assert isinstance(result.error, StoreError)
    assert result.listened == []


# --- a rejected position ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [*map(refused, (400, 403, 404, 410, 422)), UnreachableError("GET sync: 404.", status=404)], ids=str
)
async def test_rejected_position_is_given_up_and_admins_are_alerted(rig: Rig, error: MatrixError) -> None:
    inbox, server = KeptInbox(), Syncing(error, {"next_batch": "s2"})
    result = await run(rig, server, inbox)
    assert server.asked == [None, "old", None, "fresh", "s2"]
    assert result.alerts == ["position_rejected"]
    assert result.listened == [None]
    assert [Position.load(cursor).since for cursor in inbox.stored] == ["fresh", "s2"]


async def test_messages_since_the_rejected_position_was_stored_are_read_again(rig: Rig) -> None:
    """With an hour of overlap: the inbox ignores what it knows."""
    timeline = [at(-9, "long ago"), at(-5.5, "overlap"), at(-1, "missed"), {"no": "event"}]
    inbox = KeptInbox()
    await run(rig, Syncing(refused(400), timeline=timeline), inbox)
    assert [happening.text for happening in inbox.happenings] == ["overlap", "missed"]


async def test_gap_since_the_rejected_position_is_filled_up_to_its_time(rig: Rig) -> None:
    server = Syncing(refused(400), timeline=[at(-1, "last")])
    server.timeline["limited"] = True
    server.pages = [{"chunk": [at(-2, "b"), at(-3, "a")], "end": "p2"}, {"chunk": [at(-9, "old")], "end": "p3"}]
    inbox = KeptInbox()
    await run(rig, server, inbox)
    assert [happening.text for happening in inbox.happenings] == ["a", "b", "last"]
    assert server.pages == []


async def test_bot_does_not_greet_again_after_a_rejected_position(rig: Rig) -> None:
    arrival = member(ME) | {"unsigned": {"prev_content": {"membership": "invite"}}}
    server = Syncing(refused(400), timeline=[arrival | {"origin_server_ts": NOW_MS - 9 * HOUR_MS}])
    server.timeline["events"].append(at(-1, "missed"))
    inbox = KeptInbox()
    await run(rig, server, inbox)
    assert [happening.text for happening in inbox.happenings] == ["missed"]


async def test_position_of_an_earlier_version_without_a_time_reads_no_history(rig: Rig) -> None:
    inbox = KeptInbox(position='{"since":"old","held":[],"told":{}}')
    result = await run(rig, Syncing(refused(400), timeline=[at(-1, "history")]), inbox)
    assert inbox.happenings == []
    assert result.alerts == ["position_rejected"]


async def test_waiting_messages_survive_a_rejected_position(rig: Rig) -> None:
    held = Position("old").hold(ROOM, event("m.room.encrypted", {"session_id": "S"}), moment(NOW_MS))
    inbox = KeptInbox(position=held.dump())
    await run(rig, Syncing(refused(400)), inbox)
    assert len(Position.load(inbox.stored[-1]).held) == 1


async def test_room_that_the_bot_left_before_a_rejected_position_is_forgotten(rig: Rig) -> None:
    await run(rig, Syncing(refused(400)), KeptInbox(), rooms=[ROOM])


async def test_position_that_is_rejected_twice_ends_the_attempt(rig: Rig) -> None:
    """The channel then pauses, longer each time."""
    server = Syncing(refused(400), refused(400))
    result = await run(rig, server, KeptInbox())
    assert result.error.args == refused(400).args
    assert result.listened == []
    assert server.asked == [None, "old", None, "fresh"]


def test_only_client_errors_that_come_back_reject_a_request() -> None:
    assert [rejects_request(refused(status)) for status in (400, 404, 499)] == [True] * 3
    passing = [refused(401, "M_UNKNOWN_TOKEN"), refused(403, "M_USER_DEACTIVATED"), BusyError("GET sync: 429.")]
    passing += [UnreachableError("GET sync", status=status) for status in (0, 302, 408)]
    assert not any(map(rejects_request, passing))


def test_position_keeps_the_time_when_it_was_stored() -> None:
    now = moment(NOW_MS) + timedelta(seconds=1)
    position = Position("s", at=now.isoformat())
    assert Position.load(position.dump()) == position
