"""Messages that another device of the account may have sent.

A transaction id keeps a message from arriving twice only as long as one device sends it. So every message carries its
id, in clear beside what is encrypted, and the device that goes on looks for it before it sends. The id is random and
says nothing; the homeserver knows it already, as the transaction id.
"""

from __future__ import annotations

from bot.channels.matrix.http import Json, RefusedError, Server, part

MESSAGE_ID = "org.stadtlotse.id"
NEWEST = 100  # events of the bot in a room that are looked through; a room gets one message at a time
LONGEST = 64  # characters of a trace in the database
SEVERAL = "*"  # no device is called so


def trace_of(device: str, before: str) -> str:
    """Return which device sends a message now; ``SEVERAL`` once they are more than one."""
    return SEVERAL if is_foreign(before, device) else device[:LONGEST]


def is_foreign(trace: str, device: str) -> bool:
    """Return whether another device may have sent a message with this trace."""
    return trace not in ("", device[:LONGEST])


async def arrived(server: Server, room_id: str, me: str, message_id: str) -> dict[str, str]:
    """Return the parts of a message that are in the room: transaction id → event id. Raise ``MatrixError``."""
    query = {"dir": "b", "limit": NEWEST, "filter": {"senders": [me]}}
    answer = await server.get("v3", "rooms", room_id, "messages", query=query)
    chunk = answer.get("chunk")
    found = {}
    for event in chunk if isinstance(chunk, list) else []:
        transaction = part(event, "content").get(MESSAGE_ID)
        if isinstance(transaction, str) and transaction.partition(".")[0] == message_id and event.get("sender") == me:
            found[transaction] = str(event.get("event_id", ""))
    return found


async def room_behind(server: Server, alias: str) -> str:
    """Return the id of the room that an alias leads to; empty: none, or none for us. Raise ``MatrixError``."""
    try:
        answer: Json = await server.get("v3", "directory", "room", alias)
    except RefusedError:
        return ""
    return str(answer.get("room_id", ""))
