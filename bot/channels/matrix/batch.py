"""Processing of one sync answer, event by event: an event that fails does not affect the others.

Foreign data is handled only inside ``guarded``; an event that fails there is noted as refused, once.
"""

from __future__ import annotations

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from bot.channels.matrix.crypto import Crypto, MalformedError, NoKeyError
from bot.channels.matrix.http import Json, events
from bot.channels.matrix.normalise import (
    NAME,
    MalformedEventError,
    VerificationStep,
    check_shape,
    is_for_others,
    is_id,
    moment,
    quoted_text,
    read,
)
from bot.channels.matrix.position import Position
from bot.channels.matrix.rooms import Room, inviter, own_arrival, state_events
from bot.messages import Address, Happening, Inbound, Refused
from knowledge_base.errors import StoreError

log = structlog.get_logger()

MOST_MISSED = 2_000
TOO_OLD = timedelta(hours=24)
OWN_EVENTS = 2_000  # remembered ids of the bot's own messages, to recognise replies to them


@dataclass(slots=True)
class Batch:
    """The results of one sync answer."""

    happenings: list[Inbound] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    verifications: list[VerificationStep] = field(default_factory=list)
    to_device: list[Json] = field(default_factory=list)  # verification steps
    tombstones: list[str] = field(default_factory=list)  # rooms that were replaced
    unsure: list[Inbound] = field(
        default_factory=list
    )  # for the bot in some rooms, or if what they refer to is: see ``sync``

    @contextmanager
    def guarded(self, event: Any, room_id: str = "") -> Iterator[None]:
        """Note any error that a foreign event raises in the block, and suppress it. Raise ``StoreError`` as it is."""
        try:
            yield
        except StoreError:  # our own failure; the whole answer is read again
            raise
        except Exception as error:  # noqa: BLE001 - foreign events may break anything
            event_id, sender = _identify(event, room_id)
            reason = str(error) if isinstance(error, MalformedError | MalformedEventError) else type(error).__name__
            self.refused.append(Refused(event_id, room_id, sender, reason[:80]))


def _identify(event: Any, room_id: str) -> tuple[str, str]:
    """Return an id for an event without a valid one, the same at every delivery, and its sender or an empty string."""
    fields = event if isinstance(event, dict) else {}
    event_id, sender = fields.get("event_id"), fields.get("sender")
    if not room_id or not isinstance(event_id, str) or not event_id or not is_id(event_id):
        text = json.dumps(event, sort_keys=True, default=repr, skipkeys=True)
        event_id = "sha256:" + hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
    return event_id, sender if isinstance(sender, str) and is_id(sender) else ""


class SyncReader:
    """A reader of sync answers that keeps the state of rooms and keys."""

    def __init__(self, crypto: Crypto, me: str, may_ask: Callable[[str], bool]) -> None:
        self._crypto = crypto
        self._may_ask = may_ask
        self._me = self.me = me
        self._encrypted = crypto.encrypted_rooms()
        self._own: OrderedDict[str, None] = OrderedDict()
        self.rooms: dict[str, Room] = {}

    def sent(self, event_id: str) -> None:
        """Remember an event of the bot."""
        self._own[event_id] = None
        while len(self._own) > OWN_EVENTS:
            self._own.popitem(last=False)

    # --- to-device ------------------------------------------------------------------------------------------------

    def to_device(self, messages: Iterable[Any], batch: Batch) -> None:
        """Read keys and verification steps; ignore all other to-device messages."""
        with self._crypto.atomic():
            for event in messages:
                with batch.guarded(event), self._crypto.atomic():
                    self._one_to_device(event, batch)

    def _one_to_device(self, event: Any, batch: Batch) -> None:
        if not (isinstance(event, dict) and isinstance(event.get("content"), dict)):
            raise MalformedError("to-device message")
        if not (isinstance(event.get("sender"), str) and isinstance(event.get("type"), str)):
            raise MalformedError("to-device message")
        if event["type"] == "m.room.encrypted":
            self._crypto.read_to_device(event)
        elif event["type"].startswith("m.key.verification."):
            batch.to_device.append(event)

    # --- rooms ----------------------------------------------------------------------------------------------------

    def state(self, room_id: str, state: Iterable[Json], batch: Batch) -> Room:
        """Apply state events of a room that the bot is in."""
        room = self.rooms.setdefault(room_id, Room(room_id, self._me, encrypted=room_id in self._encrypted))
        for event in state:
            with batch.guarded(event, room_id):
                self._apply(room, event, batch)
        return room

    def _apply(self, room: Room, event: Json, batch: Batch) -> None:
        if room.apply(event):
            self._crypto.drop_room_key(room.id)
        if room.encrypted and room.id not in self._encrypted:
            self._crypto.remember_encrypted(room.id)
            self._encrypted.add(room.id)
        if room.upgraded_to:
            batch.tombstones.append(room.id)

    def timeline(
        self, room_id: str, joined: Json, gap: list[Any], position: Position, batch: Batch, now: datetime
    ) -> Position:
        """Read the events of a room in order, beginning with those that were fetched to fill a gap."""
        state = state_events(joined, "state")
        room = self.state(room_id, state, batch)
        timeline = [*gap, *events(joined, "timeline")]
        arrival = own_arrival([*state, *(event for event in timeline if isinstance(event, dict))], self._me)
        begun = arrival is None or arrival not in timeline
        happenings: list[Inbound] = []
        with self._crypto.atomic():
            for event in timeline:
                with batch.guarded(event, room_id), self._crypto.atomic():
                    if isinstance(event, dict) and "state_key" in event:
                        self._apply(room, event, batch)
                        if begun and room.became_a_group(event) and self._may_ask(event["sender"]):
                            happenings.append(self._grown(room, event))
                    elif begun:
                        position = self._one(room, event, position, batch, happenings, now)
                    else:
                        self._before_arrival(room, event, batch)
                begun = begun or event is arrival
        # The state of a fork of the room's history may still hold the invitation, and come after the bot's arrival.
        room.members[self._me] = "join"
        if arrival is not None and room.creator != self._me and not room.is_space:
            happenings.insert(0, self._joined(room, arrival))
        batch.happenings += not_missed(happenings, too_many=len(gap) >= MOST_MISSED, now=now)
        return position

    def _before_arrival(self, room: Room, event: Any, batch: Batch) -> None:
        """Read a request to verify the bot, which a client may send together with the invitation; nothing else."""
        try:
            event = check_shape(event)
            if event["type"] == "m.room.encrypted":
                event = check_shape(self._crypto.decrypt(room.id, event))
            step = read(event, room) if event["type"] == "m.room.message" else None
        except (NoKeyError, MalformedError, MalformedEventError):
            return
        if isinstance(step, VerificationStep):
            batch.verifications.append(step)

    def _joined(self, room: Room, arrival: Json) -> Inbound:
        who = inviter(arrival, room.others)
        return Inbound(
            arrival["event_id"], Address(NAME, room.id), who, "", room.private,
            moment(arrival["origin_server_ts"]), Happening.JOINED, overheard=not room.closable.closed,
        )  # fmt: skip

    def _grown(self, room: Room, event: Json) -> Inbound:
        at = moment(check_shape(event)["origin_server_ts"])
        return Inbound(event["event_id"], Address(NAME, room.id), event["sender"], "", False, at, Happening.GROWN)

    def _one(
        self, room: Room, event: Any, position: Position, batch: Batch, happenings: list[Inbound], now: datetime
    ) -> Position:
        event = check_shape(event)
        if event["sender"] == self._me:
            self.sent(event["event_id"])
            return position
        if room.is_space:
            return position
        if event["type"] == "m.room.encrypted" and event["content"]:
            try:
                event = check_shape(self._crypto.decrypt(room.id, event))
            except NoKeyError:
                return self._wait_for_key(room, event, position, batch, now)
        self._meaning(room, event, batch, happenings)
        if event["type"] == "m.room.redaction":
            return position.release({event.get("redacts"), event["content"].get("redacts")} - {None})
        return position

    def _meaning(self, room: Room, event: Json, batch: Batch, happenings: list[Inbound]) -> None:
        meant = read(event, room)
        if isinstance(meant, VerificationStep):
            batch.verifications.append(meant)
        elif meant is None or not self._may_ask(meant.user):
            return
        elif meant.happening is Happening.EDIT:
            batch.unsure.append(meant)
        elif meant.addressed or meant.refers_to in self._own:
            happenings.append(replace(meant, addressed=True))
        elif meant.refers_to or not is_for_others(event["content"], room):
            batch.unsure.append(meant)

    def quoted(self, room_id: str, event: Any) -> str:
        """Return the words of an earlier event of another user; empty for what cannot be read."""
        room = self.rooms.get(room_id)
        try:
            event = check_shape(event)
            if room is None or event["sender"] == self._me:
                return ""
            if event["type"] == "m.room.encrypted":
                with self._crypto.atomic():
                    event = check_shape(self._crypto.decrypt(room_id, event))
            return quoted_text(event["content"], room) if event["type"] == "m.room.message" else ""
        except StoreError:
            raise
        except Exception:  # noqa: BLE001 - a foreign event; the message itself says enough
            return ""

    def left(self, room_id: str) -> None:
        """Forget a room that the bot has left."""
        self.rooms.pop(room_id, None)
        self._crypto.drop_room_key(room_id)

    # --- messages that waited for their key -----------------------------------------------------------------------

    def held(self, position: Position, batch: Batch, now: datetime) -> Position:
        """Read held events with an arrived key; after some minutes, report once that an event stays unreadable."""
        for held in position.held:
            room = self.rooms.get(held.room)
            if room is None:
                position = position.release({held.event["event_id"]})
            elif (read := self._read_now(room, held.event, position, batch, now)) is not None:
                position = read
            elif held.due(now):
                position = self._give_up(room, held.event, position, batch, now)
        return position

    def _read_now(self, room: Room, event: Json, position: Position, batch: Batch, now: datetime) -> Position | None:
        """Return the position after reading the event; ``None`` if its key has not arrived."""
        if not self._crypto.knows_session(room.id, event["content"].get("session_id", "")):
            return None
        released = after = position.release({event["event_id"]})
        with batch.guarded(event, room.id), self._crypto.atomic():
            happenings: list[Inbound] = []
            after = self._one(room, event, released, batch, happenings, now)
            batch.happenings += happenings
        return None if len(after.held) > len(released.held) else after

    def _wait_for_key(self, room: Room, event: Json, position: Position, batch: Batch, now: datetime) -> Position:
        log.info("matrix.key_awaited", event_id=event["event_id"])
        after = position.hold(room.id, event, now)
        waits = any(held.event["event_id"] == event["event_id"] for held in after.held)
        return after if waits else self._give_up(room, event, position, batch, now)

    def _give_up(self, room: Room, event: Json, position: Position, batch: Batch, now: datetime) -> Position:
        position = position.release({event["event_id"]})
        log.warning("matrix.unreadable", event_id=event["event_id"])
        if not position.may_tell(room.id, now):
            return position
        address = Address(NAME, room.id)
        notice = Inbound(
            event["event_id"], address, event["sender"], "", room.private, now, Happening.UNDECRYPTED,
            overheard=not room.closable.closed,
        )  # fmt: skip
        batch.happenings.append(notice)
        return position.tell(room.id, now)


def not_missed(happenings: list[Inbound], *, too_many: bool, now: datetime) -> list[Inbound]:
    """Return the happenings to answer after a long absence.

    If there are too many messages, or if messages are too old, one notice replaces their answers.
    """
    messages = [happening for happening in happenings if happening.happening == Happening.MESSAGE]
    missed = messages if too_many else [message for message in messages if now - message.at > TOO_OLD]
    if not missed:
        return happenings
    last = missed[-1]
    notice = replace(
        last, id=f"missed {last.id}"[:255], text=str(len(missed)), happening=Happening.MISSED, refers_to=""
    )
    kept = [happening for happening in happenings if happening not in missed]
    return [notice, *kept]
