"""Encrypted messages that come late, twice or too early, and keys that the bot did not request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.channels.matrix.http import UnreachableError
from bot.channels.matrix.normalise import moment
from bot.channels.matrix.position import MOST_CHARACTERS, MOST_OF_ONE, Position
from bot.messages import Happening
from tests.bot.channels.matrix.rig import ANNA, ME, NOW_MS, ROOM, Rig, answer_with, event


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.close()


async def test_copied_ciphertext_in_another_event_is_refused_also_after_a_restart(rig: Rig) -> None:
    message = rig.encrypted[0]
    first = await rig.takes(answer_with(message, to_device=rig.to_device))
    assert [happening.text for happening in first.happenings] == ["eins"]
    for _ in range(2):
        copied = await rig.takes(answer_with(message | {"event_id": "$copy"}))
        assert copied.happenings == []
        assert [refusal.id for refusal in copied.refused] == ["$copy"]
        again = await rig.takes(answer_with(message))  # a sync that is repeated after a kill
        assert [happening.id for happening in again.happenings] == [message["event_id"]]
        rig.restart()


async def test_message_without_the_deprecated_fields_is_read(rig: Rig) -> None:
    """nio treats events without the deprecated fields as broken."""
    content = {k: v for k, v in rig.encrypted[0]["content"].items() if k not in ("sender_key", "device_id")}
    inbox = await rig.takes(answer_with(rig.encrypted[0] | {"content": content}, to_device=rig.to_device))
    assert [happening.text for happening in inbox.happenings] == ["eins"]


async def test_message_older_than_its_key_waits_and_then_causes_one_notice(rig: Rig) -> None:
    """The sender shared the key from its second message on, as with a bot that has a new device."""
    early, olm, sender = rig.encrypted[0], rig.crypto._olm, rig.anna.curve25519
    whole = rig.anna._olm.inbound_group_store.get(ROOM, sender, early["content"]["session_id"])
    later = olm._import_group_session(whole.export_session(1), rig.anna.ed25519, sender, ROOM, [])
    olm.inbound_group_store.add(later)
    now = moment(NOW_MS)
    async with rig.bot(lambda: now) as (sync, inbox):
        await sync._take(answer_with(early))
        assert inbox.happenings == []
        assert inbox.refused == []
        for minutes in (1, 4, 6, 7):
            now = moment(NOW_MS) + timedelta(minutes=minutes)
            await sync._take(answer_with())
    assert [(happening.happening, happening.id) for happening in inbox.happenings] == [
        (Happening.UNDECRYPTED, early["event_id"])
    ]


async def test_unsolicited_forwarded_key_is_not_accepted(rig: Rig) -> None:
    """matrix-nio had this hole once (GHSA-w4pr-4vjg-hffh)."""
    await rig.takes(answer_with(to_device=rig.to_device))
    olm = rig.anna._olm
    olm.create_outbound_group_session("!third:a.example")
    outbound = olm.outbound_group_sessions["!third:a.example"]
    key = olm.inbound_group_store.get("!third:a.example", rig.anna.curve25519, outbound.id)
    content = {
        "algorithm": "m.megolm.v1.aes-sha2", "room_id": "!third:a.example", "session_id": outbound.id,
        "session_key": key.export_session(0), "sender_key": rig.anna.curve25519,
        "sender_claimed_ed25519_key": rig.anna.ed25519, "forwarding_curve25519_key_chain": [],
    }  # fmt: skip
    device = rig.anna.devices(ME)[0]
    session = olm.session_store.get(device.curve25519)
    message = olm._olm_encrypt(session, device, "m.forwarded_room_key", content)
    await rig.takes(answer_with(to_device=[{"type": "m.room.encrypted", "sender": ANNA, "content": message}]))
    assert not rig.crypto.knows_session("!third:a.example", outbound.id)


async def test_unreadable_messages_beyond_the_limit_cause_a_notice_at_once(rig: Rig) -> None:
    unknown = {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": "AwgA", "session_id": "unknown"}
    flood = [event("m.room.encrypted", unknown, event_id=f"${number}") for number in range(MOST_OF_ONE + 20)]
    inbox = await rig.takes(answer_with(*flood))
    assert [happening.happening for happening in inbox.happenings] == [Happening.UNDECRYPTED]


def test_stored_size_of_waiting_messages_is_limited() -> None:
    large = {"content": {"ciphertext": "x" * (MOST_CHARACTERS // 4)}}
    position = Position()
    for number in range(8):
        position = position.hold(ROOM, large | {"event_id": f"${number}", "sender": f"@{number}:b"}, moment(NOW_MS))
    assert len(position.held) == 3
    assert len(position.dump()) < MOST_CHARACTERS * 1.1


async def test_sync_answer_without_a_position_is_treated_as_unreachable(rig: Rig) -> None:
    async with rig.bot() as (sync, _):
        for broken in ({}, {"next_batch": None}, {"next_batch": 5}):
            rig.server.answer = broken
            with pytest.raises(UnreachableError):
                await sync._sync({}, 1)
