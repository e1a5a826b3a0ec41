"""The sync loop: the bot stores everything that the server delivered before it goes on.

    snapshot (state of all rooms, invitations; no messages)
    └─> sync(since) ─> to-device ─> fill gaps ─> rooms ─> receive(messages, cursor: one transaction) ─> the rest ─┐
            ^─────────────────────────────────────────────────────────────────────────────────────────────────────┘

A kill anywhere repeats the sync from the last committed position; event ids reveal what was handed over before. The bot
listens only once an answer was stored: an error that comes back each time is no sign of life.

A server may reject the position itself (another software, a rebuilt database). It has just answered without one, so the
position is to blame, and the bot gives it up. It reads again what came since it last stored a position, and the admins
learn that messages may be missing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import structlog

from bot.channels.matrix.access import Access
from bot.channels.matrix.batch import Batch, SyncReader
from bot.channels.matrix.devices import OwnDevices
from bot.channels.matrix.gaps import fetch_missed, is_gap, only_after
from bot.channels.matrix.http import Json, MatrixError, RequestRefusedError, Server, UnreachableError, events, part
from bot.channels.matrix.invitations import Invitations
from bot.channels.matrix.keys import Keys, only_log
from bot.channels.matrix.meeting import Meetings
from bot.channels.matrix.normalise import NAME
from bot.channels.matrix.position import Position
from bot.channels.matrix.references import References
from bot.channels.matrix.rooms import state_events
from bot.channels.matrix.sending import MatrixSender
from bot.channels.matrix.verification import REFUSED_DEVICE, Verifying
from bot.channels.port import Alert, Listening, Receive
from bot.messages import Address, Happening, Inbound
from knowledge_base.clock import process_clock
from knowledge_base.failpoints import reached

log = structlog.get_logger()

POLL_MS = 30_000
SLACK_S = 20.0
PAGE = 100
OVERLAP = timedelta(hours=1)  # read again before the time of a rejected position: clocks differ, federation is late
PASSING = (408, 425)  # client errors that say nothing about the request itself
NOTHING: Json = {"types": []}


def sync_filter(limit: int, nonce: str = "") -> Json:
    """Return the filter of a sync. The nonce prevents answers from the server's cache, stale after a restart."""
    state = (
        {"lazy_load_members": False, "not_types": [f"org.stadtlotse.{nonce}"]}
        if nonce
        else {"lazy_load_members": False}
    )
    room = {"timeline": {"limit": limit}, "state": state, "ephemeral": NOTHING, "account_data": NOTHING}
    return {"presence": NOTHING, "account_data": NOTHING, "room": room}


@dataclass(slots=True)
class Parts:
    """The parts that the loop works with."""

    server: Server
    reader: SyncReader
    keys: Keys
    sending: MatrixSender
    invitations: Invitations
    verifying: Verifying
    meetings: Meetings
    devices: OwnDevices
    access: Access
    device: str = ""
    alert: Alert = only_log


class Sync:
    """A receiver for one account."""

    def __init__(self, parts: Parts, receive: Receive, *, now: Callable[[], datetime] = process_clock) -> None:
        self._parts = parts
        self._receive = receive
        self._now = now
        self._position = Position()
        self._locked_out: list[tuple[str, str, str]] = []

    async def run(self, listening: Listening, ready: Callable[[], None]) -> None:
        """Receive until an error; a new call starts again at the committed position."""
        self._position = Position.load(await self._receive.cursor(NAME))
        await self._snapshot()
        ready()
        await self._catch_up()
        while True:
            listening(None)
            await self._take(await self._next(POLL_MS))

    async def _catch_up(self) -> None:
        """Take what waited; give up a position that the server rejects."""
        try:
            answer = await self._next(0)
        except MatrixError as error:
            if not rejects_request(error):
                raise
            await self._start_over(error)
        else:
            await self._take(answer)

    async def _start_over(self, error: MatrixError) -> None:
        """Read on without the position, beginning with the messages since it was stored."""
        last = self._position.at
        log.error("matrix.position_rejected", reason=error.message, read_until=last)
        await self._parts.alert("position_rejected", subject=NAME, part=NAME)
        answer = await self._sync({"timeout": 0, "filter": sync_filter(PAGE, secrets.token_hex(4))}, 300)
        self._parts.keys.all_changed()
        for room_id in self._parts.reader.rooms.keys() - part(part(answer, "rooms"), "join").keys():
            self._parts.reader.left(room_id)  # while the position could not tell
        self._position = replace(self._position, since="")
        await self._take(answer, after=datetime.fromisoformat(last) - OVERLAP if last else self._now())
        await self._take(await self._next(0))  # a server that rejects the new position too must not look healthy

    async def _next(self, wait: int) -> Json:
        """Return the answer that follows the position, after ``wait`` milliseconds if nothing happens."""
        query = {"since": self._position.since, "timeout": wait, "filter": sync_filter(PAGE)}
        return await self._sync(query, wait / 1000 + SLACK_S)

    async def _sync(self, query: Json, wait: float) -> Json:
        """Return a sync answer; raise ``UnreachableError`` if it does not say where the next one goes on."""
        answer = await self._parts.server.get("v3", "sync", query=query, wait=wait)
        if not isinstance(answer.get("next_batch"), str):
            raise UnreachableError("GET sync: an answer without a position.")
        return answer

    async def _snapshot(self) -> None:
        """Read the current state of every room, and the invitations, which the server delivers only once."""
        query = {"timeout": 0, "filter": sync_filter(0, secrets.token_hex(4))}
        answer = await self._sync(query, 300)
        batch, reader, rooms = Batch(), self._parts.reader, part(answer, "rooms")
        for room_id, joined in part(rooms, "join").items():
            with batch.guarded(joined, room_id):
                reader.state(room_id, state_events(joined, "state"), batch)
        self._parts.invitations.add(part(rooms, "invite"))
        if self._position.device not in ("", self._parts.device):
            await self._keys_meant_for_us(answer, batch)
        if not self._position.since:  # the very first start: older messages are history
            reader.to_device(events(answer, "to_device"), batch)
            await self._keep(replace(self._position, since=answer["next_batch"]), batch)
        await self._upkeep(answer, batch)

    async def _keys_meant_for_us(self, answer: Json, batch: Batch) -> None:
        """Read what came for this device while another one read: the position has passed it, so it would be lost.

        The server keeps it until a sync goes on behind it, and by then it is stored.
        """
        query: Json = {"timeout": 0, "filter": sync_filter(0) | {"room": {"rooms": []}}}
        while waiting := events(answer, "to_device"):
            self._parts.reader.to_device(waiting, batch)
            answer = await self._sync(query | {"since": answer["next_batch"]}, SLACK_S)

    async def _take(self, answer: Json, *, after: datetime | None = None) -> None:
        """Process one sync answer, start to finish; ``after``: of its messages only those from then on."""
        batch, reader, now = Batch(), self._parts.reader, self._now()
        rooms = part(answer, "rooms")
        reader.to_device(events(answer, "to_device"), batch)
        reached("matrix.to_device_stored")
        changed = set(_changed(part(answer, "device_lists")))
        self._parts.keys.changed(changed)
        if reader.me in changed:
            self._parts.devices.changed()
        position = reader.held(self._position, batch, now)
        batch.happenings += self._hints(now)
        for room_id, joined in part(rooms, "join").items():
            joined = only_after(joined, after) if after else joined  # noqa: PLW2901 - the rest was read before
            gap = await self._gap(room_id, joined, after)
            with batch.guarded(joined, room_id):
                position = reader.timeline(room_id, joined, gap, position, batch, now)
        for room_id in part(rooms, "leave"):
            reader.left(room_id)
        self._parts.invitations.add(part(rooms, "invite"))
        await References(self._parts.server, self._parts.reader, self._receive).resolve(batch)
        batch.happenings += await self._parts.verifying.take(batch.to_device, batch.verifications, now)
        reached("matrix.rooms_read")
        await self._keep(replace(position, since=answer["next_batch"]), batch)
        reached("matrix.position_kept")
        await self._upkeep(answer, batch)

    async def _keep(self, position: Position, batch: Batch) -> None:
        if refused := batch.refused:  # one line for all, so that a flood of events is no flood of lines
            reasons = sorted({event.reason for event in refused})
            log.warning("matrix.events_refused", count=len(refused), first=refused[0].id, reasons=reasons[:5])
        position = replace(position, device=self._parts.device, at=self._now().isoformat())
        await self._receive(NAME, batch.happenings, cursor=position.dump(), refused=batch.refused)
        self._position = position

    async def _gap(self, room_id: str, joined: Json, after: datetime | None) -> list[Any]:
        """Return the events between the position, or the time ``after``, and a limited timeline."""
        since = self._position.since
        if not is_gap(joined) or not (since or after):
            return []
        return await fetch_missed(self._parts.server, room_id, part(joined, "timeline")["prev_batch"], since, after)

    async def _upkeep(self, answer: Json, batch: Batch) -> None:
        """Do the work that may fail now and is repeated with the next answer: keys, invitations, receipts."""
        parts = self._parts
        self._show_seen(batch.happenings)
        try:
            counts, unused = (
                answer.get(f"device_{name}") for name in ("one_time_keys_count", "unused_fallback_key_types")
            )
            left = counts.get("signed_curve25519", 0) if isinstance(counts, dict) else None
            if isinstance(left, int):
                used = isinstance(unused, list) and "signed_curve25519" not in unused
                await parts.keys.upload(left, fallback=used)
            await parts.keys.repair()
            await parts.keys.learn(
                {user for room in parts.reader.rooms.values() if room.encrypted for user in room.readers}
            )
            await parts.access.enter()
            await parts.invitations.follow(batch.tombstones)
            await parts.invitations.answer()
            await parts.invitations.leave_empty_rooms()
            await parts.meetings.leave_those_who_met()
            await parts.devices.look()
            self._locked_out = parts.keys.withheld.locked_out()
        except MatrixError as error:
            if isinstance(error, RequestRefusedError) and error.signed_out:
                raise
            log.warning("matrix.upkeep_postponed", reason=error.message)

    def _hints(self, now: datetime) -> list[Inbound]:
        """Return a hint for each device that wrote and cannot read the answer; its id makes it one per device."""
        said = []
        for room_id, user, device in self._locked_out:
            room = self._parts.reader.rooms.get(room_id)
            if room and room.private:
                which = hashlib.sha256(f"{user} {device}".encode()).hexdigest()[:20]
                name, address = f"{REFUSED_DEVICE} {which}", Address(NAME, room_id)
                said.append(Inbound(name, address, user, REFUSED_DEVICE, True, now, Happening.EXPLAINED))
        self._locked_out = []
        return said

    def _show_seen(self, happenings: list[Inbound]) -> None:
        written = [happening for happening in happenings if happening.happening == Happening.MESSAGE]
        ordered = sorted(written, key=lambda message: message.address.conversation)
        for room_id, messages in groupby(ordered, key=lambda message: message.address.conversation):
            self._parts.sending.seen(room_id, list(messages)[-1].id)


def rejects_request(error: MatrixError) -> bool:
    """Return whether the server will refuse this request each time, although the account may go on."""
    if isinstance(error, RequestRefusedError) and error.signed_out:
        return False
    status = error.status if isinstance(error, RequestRefusedError | UnreachableError) else 0
    return 400 <= status < 500 and status not in PASSING


def _changed(lists: Json) -> Iterator[str]:
    """Yield users with possibly changed devices."""
    for users in (lists.get("changed"), lists.get("left")):
        yield from (user for user in users if isinstance(user, str)) if isinstance(users, list) else ()
