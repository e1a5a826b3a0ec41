"""Messages that another device of the account may have sent.

A transaction id prevents duplicates only as long as one device sends the message. So every message carries its id, in
clear beside the encrypted content, and a device that takes over looks for the id before it sends. The id is random and
reveals nothing; the homeserver already knows it as the transaction id.
"""

from __future__ import annotations

from bot.channels.matrix.http import Json, RequestRefusedError, Server, part

MESSAGE_ID = "org.stadtlotse.id"
NEWEST = 100  # the bot's events to look through per room; a room gets one message at a time
LONGEST = 64  # characters of a trace in the database
SEVERAL = "*"  # not the name of any device


def trace_of(device: str, before: str) -> str:
    """Return the device that sends a message now; ``SEVERAL`` once more than one may have sent it."""
    return SEVERAL if is_foreign(before, device) else device[:LONGEST]


def is_foreign(trace: str, device: str) -> bool:
    """Return whether another device may have sent a message with this trace."""
    return trace not in ("", device[:LONGEST])


async def arrived(server: Server, room_id: str, me: str, message_id: str) -> dict[str, str]:
    """Return the parts of a message that are in the room: transaction id → event id. Raise ``MatrixError``."""
    query = {"dir": "b", "limit": NEWEST, "filter": {"senders": [me]}}
    answer = await server.get("v3", "rooms", room_id, "messages", query=query)
    chunk = answer.get("chunk")
    event_ids = {}
    for event in chunk if isinstance(chunk, list) else []:
        transaction = part(event, "content").get(MESSAGE_ID)
        if isinstance(transaction, str) and transaction.partition(".")[0] == message_id and event.get("sender") == me:
            event_ids[transaction] = str(event.get("event_id", ""))
    return event_ids


async def room_behind(server: Server, alias: str) -> str:
    """Return the id of the room behind an alias; empty if the server gives no room. Raise ``MatrixError``."""
    try:
        answer: Json = await server.get("v3", "directory", "room", alias)
    except RequestRefusedError:
        return ""
    return str(answer.get("room_id", ""))
