"""Settings of every room that the bot makes: encrypted, by invitation, history hidden from later members."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.channels.matrix.batch import SyncReader
from bot.channels.matrix.http import Json
from bot.channels.matrix.rooms import Room
from bot.channels.port import TryLaterError

SEEN_S = 20.0  # seconds until the sync loop shows a new room
LOOK_S = 0.05
# "invited": after joining, an invited user can read all messages since the invitation.
CLOSED: tuple[Json, ...] = (
    {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
    {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "invited"}},
    {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "invite"}},
    {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "forbidden"}},
)


async def seen(reader: SyncReader, room_id: str, is_known: Callable[[Room], bool]) -> Room:
    """Return the room once ``is_known`` holds for its synced state: accounts unknown to the sync loop get no key."""

    def known() -> Room | None:
        room = reader.rooms.get(room_id)
        return room if room and room.creator and is_known(room) else None

    try:
        async with asyncio.timeout(SEEN_S):
            while (room := known()) is None:  # noqa: ASYNC110 - the sync loop sends no signal, so poll
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise TryLaterError("The new room has not shown up yet.") from None
    return room
