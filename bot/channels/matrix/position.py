"""The channel's position: how far it has read, and what it still owes, stored in one transaction with the messages."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Self

from bot.channels.matrix.http import Json
from knowledge_base.clock import is_past

PATIENCE = timedelta(minutes=5)  # an unreadable message waits this long for its key
QUIET = timedelta(hours=1)  # after a notice in a room, the next one
MOST_HELD, MOST_OF_ONE = 500, 100
MOST_CHARACTERS = 1_000_000  # total size of the held messages, which every position stores


@dataclass(frozen=True, slots=True)
class Held:
    """An encrypted message that waits for its key."""

    room: str
    event: Json
    since: str  # ISO time

    def due(self, now: datetime) -> bool:
        """Return whether the message has waited too long."""
        return is_past(datetime.fromisoformat(self.since) + PATIENCE, now, PATIENCE)


@dataclass(frozen=True, slots=True)
class Position:
    """The ``since`` of the next sync, held messages, and per room the time of the last notice about unreadable ones."""

    since: str = ""
    held: tuple[Held, ...] = ()
    told: dict[str, str] = field(default_factory=dict)
    device: str = ""  # the device that read so far; empty in positions of earlier versions, which had one device
    at: str = ""  # ISO time when this was stored: the bot has all that came before; empty in those of earlier versions

    @classmethod
    def load(cls, text: str | None) -> Self:
        """Parse the output of ``dump``; return the start position for an empty cursor."""
        if not text:
            return cls()
        value = json.loads(text)
        held = tuple(Held(**held) for held in value["held"])
        return cls(value["since"], held, value["told"], value.get("device", ""), value.get("at", ""))

    def dump(self) -> str:
        """Return the position as a cursor."""
        return json.dumps(asdict(self), separators=(",", ":"))

    def has_place(self, event: Json) -> bool:
        """Return whether one more message may wait; one sender cannot fill the place of all."""
        of_sender = sum(held.event["sender"] == event["sender"] for held in self.held)
        characters = sum(_size(held.event) for held in self.held) + _size(event)
        return of_sender < MOST_OF_ONE and len(self.held) < MOST_HELD and characters <= MOST_CHARACTERS

    def hold(self, room: str, event: Json, now: datetime) -> Self:
        """Hold a message if it does not wait already and there is place for it."""
        known = any(held.event["event_id"] == event["event_id"] for held in self.held)
        if known or not self.has_place(event):
            return self
        return replace(self, held=(*self.held, Held(room, event, now.isoformat())))

    def release(self, event_ids: set[str]) -> Self:
        """Stop waiting for these messages."""
        return replace(self, held=tuple(held for held in self.held if held.event["event_id"] not in event_ids))

    def may_tell(self, room: str, now: datetime) -> bool:
        """Return whether the room got no notice within the last hour."""
        return room not in self.told or is_past(datetime.fromisoformat(self.told[room]) + QUIET, now, QUIET)

    def tell(self, room: str, now: datetime) -> Self:
        """Note a notice to the room now; forget old entries."""
        recent = {name: at for name, at in self.told.items() if now - datetime.fromisoformat(at) < QUIET}
        return replace(self, told=recent | {room: now.isoformat()})


def _size(event: Json) -> int:
    return len(repr(event))
