"""nio's Olm machine with a memory: it reads a message under only one event id, however often the event is shown.

A homeserver can put an old ciphertext into a new event. Every room message has an index in its session. nio notices a
second event with the same index, but forgets this when its process ends. Here the pairs are kept beside the keys, as
hashes. They take about twenty bytes per message and do not reveal who wrote when.
"""

from __future__ import annotations

import hashlib
from typing import Any

from nio.crypto import Olm
from nio.store import SqliteStore
from nio.store.models import IntegerField, Model


class ReadMessage(Model):  # type: ignore[misc] # nio ships no types
    """A message of a session, and the event that brought it."""

    message = IntegerField(primary_key=True)
    event = IntegerField()


class Machine(Olm):  # type: ignore[misc]
    """The keys and sessions of one device."""

    def __init__(self, user_id: str, device_id: str, store: SqliteStore) -> None:
        super().__init__(user_id, device_id, store)
        with store.database.bind_ctx([ReadMessage]):
            store.database.create_tables([ReadMessage])

    def message_index_ok(self, message_index: int, event: Any) -> bool:
        """Return whether no other event has brought this message."""
        message, its_event = _number(event.session_id, str(message_index)), _number(event.event_id)
        with self.store.database.bind_ctx([ReadMessage]):
            known, _ = ReadMessage.get_or_create(message=message, defaults={"event": its_event})
        return bool(known.event == its_event)


def _number(*parts: str) -> int:
    """Return a hash that SQLite stores as a number."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
