"""Messages that a sync answer leaves out: the bot fetches them page by page, bounded in number."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog

from bot.channels.matrix.batch import MOST_MISSED
from bot.channels.matrix.http import Json, RequestRefusedError, Server, events, part
from bot.channels.matrix.normalise import MalformedEventError, moment

log = structlog.get_logger()

PAGE = 100


def is_gap(joined: Json) -> bool:
    """Return whether a room's part of a sync answer lacks earlier events, and says where they end."""
    timeline = part(joined, "timeline")
    return bool(timeline.get("limited")) and isinstance(timeline.get("prev_batch"), str)


def only_after(joined: Json, after: datetime) -> Json:
    """Return a room's part of a sync answer with the messages since ``after``, and without the state before them."""
    timeline, all_events = part(joined, "timeline"), events(joined, "timeline")
    recent = [event for event in all_events if is_after(event, after)]
    limited = timeline.get("limited") is True and len(recent) == len(all_events)
    return {"timeline": timeline | {"events": recent, "limited": limited}}


def is_after(event: Any, after: datetime) -> bool:
    """Return whether an event has a time, and it is not before ``after``."""
    sent = event.get("origin_server_ts") if isinstance(event, dict) else None
    try:
        return isinstance(sent, int) and moment(sent) >= after
    except MalformedEventError:
        return False


async def fetch_missed(server: Server, room_id: str, start: str, until: str, after: datetime | None) -> list[Any]:
    """Return the events of a room before ``start``, oldest first, back to the position ``until`` or the time ``after``.

    Raise ``MatrixError`` if the server cannot be asked now. If it refuses, return what there is.
    """
    found: list[Any] = []
    while len(found) < MOST_MISSED:
        query = {"dir": "b", "from": start, "to": until or None, "limit": PAGE}
        try:
            page = await server.get("v3", "rooms", room_id, "messages", query=query)
        except RequestRefusedError as error:  # the bot may have left meanwhile
            log.warning("matrix.gap_not_filled", room=room_id, reason=error.code)
            break
        chunk, start = page.get("chunk"), page.get("end", "")
        chunk = chunk if isinstance(chunk, list) else []
        recent = [event for event in chunk if after is None or is_after(event, after)]
        found += recent
        if not start or not chunk or len(recent) < len(chunk):
            break
    log.info("matrix.gap_filled", room=room_id, events=len(found))
    return found[::-1]
