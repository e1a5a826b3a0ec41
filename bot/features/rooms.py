"""How the bot behaves in a room: shown to everybody there, set by the admins of the room."""

from __future__ import annotations

from dataclasses import replace

from bot.commands.rooms import SetRoom
from bot.context import Act, Serves, Services, Turn, say
from bot.features.room_admins import may_decide_here
from bot.messages import Say
from knowledge_base.store.rooms import RoomSettings
from knowledge_base.store.transaction import Transaction


async def set_room(turn: Turn, intent: SetRoom, services: Services) -> Act:
    """Show the settings of this room, or change one."""
    if turn.inbound.private:
        return say(Say("room.private"))
    if not intent.name or not intent.value:
        return say(_shown(turn, turn.room))
    if intent.name not in turn.room_options:
        return say(Say("room.not_here"))
    if not await may_decide_here(turn, services):
        return say(Say("admins_only"))
    changed = _changed(turn.room, intent)

    async def act(tx: Transaction) -> Say:
        place = turn.inbound.address
        await tx.rooms.put(place.channel, place.conversation, changed)
        return replace(_shown(turn, changed), language=changed.language or "")

    return act


def _changed(before: RoomSettings, intent: SetRoom) -> RoomSettings:
    match intent.name:
        case "mention":
            return replace(before, mention_needed=intent.value == "on")
        case "threads":
            return replace(before, threads=intent.value == "on")
        case _:
            return replace(before, language=None if intent.value == "auto" else intent.value)


def _shown(turn: Turn, room: RoomSettings) -> Say:
    """Return the settings that this network has, each with how to change it."""
    now = {
        "mention": "on" if room.mention_needed else "off",
        "threads": "on" if room.threads else "off",
        "language": room.language or "auto",
    }
    return Say("room.settings", {"lines": tuple(Say(f"room.{name}.{now[name]}") for name in turn.room_options)})


SERVES: Serves = {SetRoom: set_room}
