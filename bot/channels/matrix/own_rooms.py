"""What every room that the bot makes has in common: encrypted, by invitation, not for those who come later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.channels.matrix.batch import Reader
from bot.channels.matrix.http import Json
from bot.channels.matrix.rooms import Room
from bot.channels.port import TryLaterError

SEEN_S = 20.0  # until the sync loop brings a room that was just made
LOOK_S = 0.05
# "invited": an invited person reads, once they came, what was said since their invitation.
CLOSED: tuple[Json, ...] = (
    {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}},
    {"type": "m.room.history_visibility", "state_key": "", "content": {"history_visibility": "invited"}},
    {"type": "m.room.join_rules", "state_key": "", "content": {"join_rule": "invite"}},
    {"type": "m.room.guest_access", "state_key": "", "content": {"guest_access": "forbidden"}},
)


async def seen(reader: Reader, room_id: str, is_known: Callable[[Room], bool]) -> Room:
    """Return the room, once the sync loop knows what matters of it: an account that it does not know gets no key."""

    def known() -> Room | None:
        room = reader.rooms.get(room_id)
        return room if room and room.creator and is_known(room) else None

    try:
        async with asyncio.timeout(SEEN_S):
            while (room := known()) is None:  # noqa: ASYNC110 - the loop does not wait for us, so we look
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise TryLaterError("The new room has not shown up yet.") from None
    return room
