"""Who may verify the bot, where, how often, and what a user hears whose verification is declined."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.channels.matrix.batch import Batch, SyncReader
from bot.channels.matrix.http import Json
from bot.channels.matrix.keys import Keys, only_log
from bot.channels.matrix.normalise import VerificationStep, moment
from bot.channels.matrix.pins import pinned
from bot.channels.matrix.position import Position
from bot.channels.matrix.sas import Exchange
from bot.channels.matrix.sending import MatrixSender
from bot.channels.matrix.verification import MOST_DECLINED, MOST_OF_ONE, Verifying
from bot.messages import Happening, Inbound
from tests.bot.channels.matrix.household import Directory, Household
from tests.bot.channels.matrix.rig import ANNA, ME, NOW_MS, ROOM, event, member

GROUP, BEN = "!group:a.example", "@ben:a.example"
NOW = moment(NOW_MS)
ENCRYPTION = event("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}, state_key="")
START = {
    "method": "m.sas.v1", "from_device": "PHONE", "hashes": ["sha256"],
    "key_agreement_protocols": ["curve25519-hkdf-sha256"], "short_authentication_string": ["emoji"],
    "message_authentication_codes": ["hkdf-hmac-sha256.v2"],
}  # fmt: skip


class Recorder(Directory):
    """Also keeps the steps that the bot sends, to devices and in unencrypted rooms, and every path."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[str, Json]] = []
        self.paths: list[tuple[str, ...]] = []

    async def request(self, method: str, *path: str, **more: Any) -> Json:
        self.paths.append(path)
        if path[1] == "sendToDevice" and path[2].startswith("m.key.verification."):
            for devices in more["body"]["messages"].values():
                self.steps += [(path[2].rpartition(".")[2], content) for content in devices.values()]
            return {}
        if path[1] == "rooms" and path[3] == "send":
            self.steps.append((path[4].rpartition(".")[2], more["body"]))
        return await super().request(method, *path, **more)


class Desk:
    """The part under test, in an encrypted private room with Anna and a group of three."""

    def __init__(self, folder: Path) -> None:
        self.server = Recorder()
        self.home = Household(folder, self.server)
        self.may_ask = True
        self.restart()

    def restart(self, *admins: str) -> None:
        crypto = self.home.crypto
        self.reader = SyncReader(crypto, ME, lambda _: self.may_ask)
        self.reader.state(ROOM, [member(ME), member(ANNA), ENCRYPTION], Batch())
        self.reader.state(GROUP, [member(ME), member(ANNA), member(BEN)], Batch())
        keys = Keys(self.server, crypto, self.home.folders[0], allow_unsigned=True, alert=only_log)
        sending = MatrixSender(self.server, self.reader, keys)
        self.verifying = Verifying(
            self.server, self.reader, crypto, keys, sending, master="", admins=admins, may_ask=lambda _: self.may_ask
        )

    async def take(self, kind: str, content: Json, name: str = "t", now: datetime = NOW) -> list[Inbound]:
        """A step that Anna's phone sends to the bot's device."""
        step = {"type": f"m.key.verification.{kind}", "sender": ANNA, "content": content | {"transaction_id": name}}
        return await self.verifying.take([step], [], now)

    async def requested(self, name: str = "t", now: datetime = NOW) -> list[Inbound]:
        stamp = int(now.timestamp() * 1000)
        return await self.take(
            "request", {"from_device": "PHONE", "methods": ["m.sas.v1"], "timestamp": stamp}, name, now
        )

    async def in_room(self, room: str, kind: str = "request", number: int = 0, now: datetime = NOW) -> list[Inbound]:
        """A step that Anna's phone sends in a room."""
        content: Json = {"msgtype": "m.key.verification.request", "from_device": "PHONE", "to": ME}
        wire = "m.room.message"
        if kind != "request":
            wire, content = f"m.key.verification.{kind}", {"m.relates_to": {"event_id": "$gone"}}
        made = event(wire, content, event_id=f"$r{number}", origin_server_ts=int(now.timestamp() * 1000))
        return await self.verifying.take([], [VerificationStep(room, made)], now)

    @property
    def sent(self) -> list[str]:
        return [kind for kind, _ in self.server.steps]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path)
    yield made
    made.home.close()


def reasons(said: list[Inbound]) -> list[str]:
    assert all(inbound.happening is Happening.EXPLAINED for inbound in said)
    return [inbound.text for inbound in said]


# --- who and where ----------------------------------------------------------------------------------------------------


async def test_user_without_a_role_verifies_the_bot_and_its_trust_stays_as_it_was(desk: Desk) -> None:
    before = pinned(desk.home.folders[0])
    await desk.requested()
    await desk.take("start", START)
    them = Exchange("t", (ANNA, "PHONE"), (ME, "BOT"))
    (shown,) = await desk.take("key", {"key": them._public})
    them.agree(desk.server.steps[-1][1])
    assert (shown.happening, shown.address.conversation, shown.private) == (Happening.COMPARE, ROOM, True)
    assert len(shown.text.split("   ")) == 7
    assert await desk.take("mac", them.mac({"ed25519:PHONE": desk.home.anna.ed25519})) == []
    assert desk.sent == ["ready", "accept", "key", "mac", "done"]
    assert not any("signatures" in path for path in desk.server.paths), "the bot signs nobody"
    assert pinned(desk.home.folders[0]) == before


async def test_bot_sends_no_proof_before_the_user_has_confirmed(desk: Desk) -> None:
    await desk.requested()
    await desk.take("start", START)
    await desk.take("key", {"key": Exchange("t", (ANNA, "PHONE"), (ME, "BOT"))._public})
    await desk.take("mac", {"mac": {"ed25519:PHONE": "x"}, "keys": "x"})
    assert desk.sent == ["ready", "accept", "key", "cancel"]


async def test_user_that_the_bot_does_not_answer_cannot_verify_it(desk: Desk) -> None:
    desk.may_ask = False
    assert await desk.requested() == []
    assert await desk.in_room(GROUP) == []
    assert desk.sent == ["cancel", "cancel"]


async def test_request_in_a_room_with_others_is_declined_with_one_sentence_there(desk: Desk) -> None:
    first = await desk.in_room(GROUP)
    again = await desk.in_room(GROUP, number=1, now=NOW + timedelta(minutes=1))
    assert reasons(first + again) == ["verify_elsewhere"] * 2
    assert {inbound.id for inbound in first} == {inbound.id for inbound in again}, "the inbox takes it once an hour"
    assert (first[0].address.conversation, first[0].private, first[0].message) == (GROUP, False, "$r0")
    assert desk.sent == ["cancel", "cancel"]


@pytest.mark.parametrize("change", ["unencrypted", "third member", "anyone can join"])
async def test_request_where_others_could_read_the_emojis_is_declined(desk: Desk, change: str) -> None:
    if change == "third member":
        desk.reader.rooms[ROOM].apply(member(BEN))
    elif change == "anyone can join":
        desk.reader.rooms[ROOM].apply(event("m.room.join_rules", {"join_rule": "public"}, state_key=""))
    else:
        desk.reader.rooms[ROOM].encrypted = False
    assert reasons(await desk.in_room(ROOM)) == ["verify_elsewhere"]


async def test_room_that_a_third_user_joins_meanwhile_shows_no_emojis(desk: Desk) -> None:
    await desk.requested()
    await desk.take("start", START)
    desk.reader.rooms[ROOM].apply(member(BEN))
    said = await desk.take("key", {"key": Exchange("t", (ANNA, "PHONE"), (ME, "BOT"))._public})
    assert [inbound for inbound in said if inbound.happening is Happening.COMPARE] == []
    assert desk.sent[-1] == "cancel"


async def test_user_without_a_private_room_is_declined(desk: Desk) -> None:
    desk.reader.rooms.pop(ROOM)
    assert await desk.requested() == []
    assert desk.sent == ["cancel"]


# --- refused devices --------------------------------------------------------------------------------------------------


async def test_device_that_cannot_read_the_emojis_is_declined_with_the_reason(desk: Desk) -> None:
    desk.server.new_identity(ANNA)  # it has not signed the phone
    await desk.requested()
    assert reasons(await desk.take("start", START)) == ["device_refused"]
    assert desk.sent == ["ready", "cancel"]


async def test_admin_can_compare_with_the_log_on_a_device_that_gets_no_keys(desk: Desk) -> None:
    desk.restart(ANNA)
    desk.server.new_identity(ANNA)
    await desk.requested()
    await desk.take("start", START)
    assert desk.sent == ["ready", "accept"]


# --- how often --------------------------------------------------------------------------------------------------------


async def test_user_verifies_five_times_an_hour_then_hears_why_not_then_nothing(desk: Desk) -> None:
    said = [await desk.requested(f"t{number}") for number in range(MOST_DECLINED + 5)]
    declined = MOST_DECLINED - MOST_OF_ONE
    assert desk.sent == ["ready"] * MOST_OF_ONE + ["cancel"] * declined
    assert reasons([inbound for one in said for inbound in one]) == ["verify_later"] * declined
    assert len({inbound.id for one in said for inbound in one}) == 1
    await desk.requested("later", NOW + timedelta(hours=1))
    assert desk.sent[-1] == "ready"


async def test_request_delivered_again_gets_the_same_reason_and_does_not_count_again(desk: Desk) -> None:
    said = [await desk.in_room(GROUP) for _ in range(MOST_DECLINED + 1)]
    assert reasons([inbound for one in said for inbound in one]) == ["verify_elsewhere"] * (MOST_DECLINED + 1)
    assert len({inbound.id for one in said for inbound in one}) == 1
    await desk.requested()
    assert desk.sent[-1] == "ready"


async def test_new_request_replaces_the_open_one_of_the_same_user(desk: Desk) -> None:
    await desk.requested("old")
    await desk.requested("new")
    await desk.take("key", {"key": "x"}, "old")
    assert desk.sent == ["ready", "ready"]
    await desk.take("start", START, "new")
    assert desk.sent[-1] == "accept"


async def test_too_many_verifications_at_once_are_declined(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.channels.matrix.verification.MOST", 0)
    assert reasons(await desk.requested()) == ["verify_later"]


async def test_user_cannot_take_over_the_verification_of_another_user(desk: Desk) -> None:
    await desk.requested()
    step = {"type": "m.key.verification.request", "sender": BEN}
    content = {"from_device": "X", "methods": ["m.sas.v1"], "transaction_id": "t"}
    assert await desk.verifying.take([step | {"content": content}], [], NOW) == []
    await desk.take("start", START)
    assert desk.sent == ["ready", "accept"]


async def test_old_request_is_ignored(desk: Desk) -> None:
    stamp = int((NOW - timedelta(minutes=11)).timestamp() * 1000)
    assert await desk.take("request", {"from_device": "PHONE", "timestamp": stamp}) == []
    assert desk.sent == []


# --- restarts and arrival ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "cancels"), [("start", 1), ("mac", 1), ("done", 0), ("cancel", 0)])
async def test_step_of_a_verification_from_before_a_restart_ends_it(desk: Desk, kind: str, cancels: int) -> None:
    desk.reader.rooms[ROOM].encrypted = False  # so that the test sees the step
    assert await desk.in_room(ROOM, kind) == []
    assert [content["code"] for _, content in desk.server.steps] == ["m.unknown_transaction"] * cancels


async def test_verification_between_others_in_a_group_is_left_alone(desk: Desk) -> None:
    assert await desk.in_room(GROUP, "start") == []
    assert desk.sent == []


async def test_request_sent_with_the_invitation_is_read_and_other_early_messages_are_not(desk: Desk) -> None:
    new = "!new:a.example"
    request = event("m.room.message", {"msgtype": "m.key.verification.request", "from_device": "PHONE", "to": ME})
    early = event("m.room.message", {"msgtype": "m.text", "body": "early"})
    arrival = member(ME) | {"unsigned": {"prev_content": {"membership": "invite"}}}
    joined = {"state": {"events": [member(ANNA), ENCRYPTION]}, "timeline": {"events": [early, request, arrival]}}
    batch = Batch()
    desk.reader.timeline(new, joined, [], Position("s"), batch, NOW)
    assert [step.event["event_id"] for step in batch.verifications] == [request["event_id"]]
    assert [happening.happening for happening in batch.happenings] == [Happening.JOINED]
    await desk.verifying.take([], batch.verifications, NOW)
    assert desk.verifying._flows.keys() == {request["event_id"]}
