"""Verification of the bot from another client: in the room (as Element verifies people) and to-device.

Every user whom the bot answers may verify it, in an encrypted private chat. The bot writes its seven emojis there. The
user compares them with those on their own screen and confirms there. Only when that confirmation (the user's MAC) has
come and is right does the bot send its own, for its device and its identity. So the user's client trusts the bot.

The bot has no eyes, so this proves nothing about the user. The bot signs no user's identity, and its pins stay as they
are: an attacker who puts a new identity in a user's place could confirm the emojis on both sides. A changed identity
stays refused (``Pins``) until the operator confirms it.

Emojis in a chat are as safe as the chat. They show that the keys on the user's screen are those of the bot in this
chat. An attacker who has read and changed this chat since it began could change the emojis too. An admin can rule that
out: the log has the emojis as well.

If a verification cannot end well, the bot declines it and says why in the chat, at most once an hour for each reason.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from bot.channels.matrix.batch import SyncReader
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.http import Json, MatrixError, Server, part
from bot.channels.matrix.keys import Keys
from bot.channels.matrix.normalise import NAME, VerificationStep, moment
from bot.channels.matrix.rooms import Room
from bot.channels.matrix.sas import METHOD, Exchange, SasError
from bot.channels.matrix.sending import MatrixSender
from bot.messages import Address, Happening, Inbound

log = structlog.get_logger()

PREFIX = "m.key.verification."
LASTS = timedelta(minutes=10)
MOST = 50  # at once
AN_HOUR = timedelta(hours=1)
MOST_OF_ONE, MOST_DECLINED = 5, 20  # requests of one user per hour: beyond the first number declined, then ignored
ELSEWHERE, LATER, REFUSED_DEVICE = "verify_elsewhere", "verify_later", "device_refused"


class DeclinedError(Exception):
    """A verification that the bot declines; ``reason`` names the text for the user."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(slots=True)
class Flow:
    """A verification in progress."""

    user: str
    device: str
    room: str  # empty: to-device
    begun: datetime
    transaction: str
    exchange: Exchange | None = None
    names: dict[str, str] = field(default_factory=dict)


class Verifying:
    """A handler of verification requests."""

    def __init__(
        self, server: Server, reader: SyncReader, crypto: Crypto, keys: Keys, sending: MatrixSender, *,
        master: str, admins: Collection[str], may_ask: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self._server = server
        self._reader = reader
        self._crypto = crypto
        self._keys = keys
        self._sending = sending
        self._master = master
        self._admins = admins
        self._may_ask = may_ask
        self._flows: dict[str, Flow] = {}
        self._asked: dict[str, list[datetime]] = {}  # requests within the last hour, by user
        self._declined: dict[str, tuple[str, datetime]] = {}  # reason and time, by transaction

    async def take(
        self, to_device: Iterable[Json], in_rooms: Iterable[VerificationStep], now: datetime
    ) -> list[Inbound]:
        """Process all steps of a sync answer; return what to say (the emojis, or why not)."""
        self._flows = {name: flow for name, flow in self._flows.items() if now - flow.begun < LASTS}
        recent = {user: [at for at in times if now - at < AN_HOUR] for user, times in self._asked.items()}
        self._asked = {user: times for user, times in recent.items() if times}
        self._declined = {name: known for name, known in self._declined.items() if now - known[1] < AN_HOUR}
        said: list[Inbound] = []
        for event in to_device:
            said += await self._step(event, "", event["content"].get("transaction_id"), now)
        for step in in_rooms:
            is_request = step.event["type"] == "m.room.message"
            relation = part(step.event["content"], "m.relates_to")
            transaction = step.event["event_id"] if is_request else relation.get("event_id")
            said += await self._step(step.event, step.room_id, transaction, now)
        return said

    async def _step(self, event: Json, room: str, transaction: object, now: datetime) -> list[Inbound]:
        """Process one step; any error ends this verification and nothing else."""
        if not isinstance(transaction, str) or not transaction:
            return []
        kind = "request" if event["type"] == "m.room.message" else event["type"].removeprefix(PREFIX)
        flow = self._flows.get(transaction)
        try:
            if kind == "request" or (kind == "start" and flow is None and not room):
                await self._request(event, room, transaction, kind, now)
                flow = self._flows.get(transaction)
            if flow is None:
                await self._end_unknown(event, kind, room, transaction, now)
            if flow is None or flow.user != event["sender"] or flow.room != room:
                return []
            return await self._answer(flow, kind, event["content"], now)
        except DeclinedError as declined:
            log.info("matrix.verification_declined", user=event["sender"], reason=declined.reason)
            self._declined.setdefault(transaction, (declined.reason, now))
            device = event["content"].get("from_device", "")
            flow = self._flows.pop(transaction, None) or Flow(event["sender"], device, room, now, transaction)
            await self._cancel(flow, "m.user", f"The bot cannot be verified here now ({declined.reason}).")
            return self._explain(flow, declined.reason, now)
        except SasError as error:
            log.warning("matrix.verification_failed", reason=str(error), code=error.code)
            if flow := self._flows.pop(transaction, None):
                await self._cancel(flow, error.code, str(error))
        except MatrixError as error:
            log.warning("matrix.verification_aborted", reason=error.message)
            self._flows.pop(transaction, None)
        except Exception:  # foreign data
            log.exception("matrix.verification_broken")
            self._flows.pop(transaction, None)
        return []

    async def _request(self, event: Json, room: str, transaction: str, kind: str, now: datetime) -> None:
        content, device, user = event["content"], event["content"].get("from_device"), event["sender"]
        sent = event.get("origin_server_ts") if room else content.get("timestamp", 0)
        if not isinstance(device, str) or (room and content.get("to") != self._crypto.user_id):
            return
        if isinstance(sent, int) and sent and now - moment(sent) > LASTS:
            return
        if declined := self._declined.get(transaction):  # the server delivers it again
            raise DeclinedError(declined[0])
        if transaction in self._flows or (asked := self._count(user, now)) > MOST_DECLINED:
            return
        flow = Flow(user, device, room, now, transaction)
        if not self._may_ask(user):
            await self._cancel(flow, "m.user", "The bot does not talk to users of this server.")
            return
        self._flows = {name: other for name, other in self._flows.items() if other.user != user}  # it gave them up
        if asked > MOST_OF_ONE or len(self._flows) >= MOST:
            raise DeclinedError(LATER)
        if self._place(flow) is None:
            raise DeclinedError(ELSEWHERE)
        self._flows[transaction] = flow
        if kind == "request":
            await self._send(flow, "ready", {"from_device": self._crypto.device_id, "methods": [METHOD]})

    async def _end_unknown(self, event: Json, kind: str, room: str, transaction: str, now: datetime) -> None:
        """End a verification that the bot does not know any more, after a restart, so that no client waits for it."""
        place, sent = self._reader.rooms.get(room), event.get("origin_server_ts")
        if kind not in ("start", "key", "mac") or place is None or not place.alone or not isinstance(sent, int):
            return
        user = event["sender"]
        if self._may_ask(user) and now - moment(sent) < LASTS and self._count(user, now) <= MOST_DECLINED:
            flow = Flow(user, "", room, now, transaction)
            await self._cancel(flow, "m.unknown_transaction", "The bot does not know this verification.")

    def _count(self, user: str, now: datetime) -> int:
        """Count one more request of the user; return how many there were within the hour."""
        self._asked.setdefault(user, []).append(now)
        return len(self._asked[user])

    def _place(self, flow: Flow) -> Room | None:
        """Return the room for the emojis: encrypted, and only the user and the bot are there."""
        rooms = [room for room in self._reader.rooms.values() if not flow.room or room.id == flow.room]
        return next((room for room in rooms if room.private and room.encrypted and flow.user in room.joined), None)

    def _explain(self, flow: Flow, reason: str, now: datetime) -> list[Inbound]:
        """Return the sentence for the user; the id makes it one per hour, user, room and reason."""
        room = self._reader.rooms.get(flow.room) or self._place(flow)
        if room is None:
            return []
        whom = hashlib.sha256(f"{flow.user} {room.id}".encode()).hexdigest()[:20]
        return [
            Inbound(
                f"{reason} {now:%Y%m%d%H} {whom}", Address(NAME, room.id), flow.user, reason, room.private, now,
                Happening.EXPLAINED, message=flow.transaction if flow.room else "",
            )
        ]  # fmt: skip

    async def _answer(self, flow: Flow, kind: str, content: Json, now: datetime) -> list[Inbound]:
        match kind:
            case "start":
                await self._start(flow, content)
            case "key" if flow.exchange:
                await self._send(flow, "key", flow.exchange.agree(content))
                return self._show(flow, flow.exchange, now)
            case "mac" if flow.exchange:
                await self._finish(flow, flow.exchange, content)
            case "cancel" | "done":
                self._flows.pop(flow.transaction, None)
        return []

    async def _start(self, flow: Flow, content: Json) -> None:
        if flow.exchange is not None:
            raise SasError("m.unexpected_message", "started twice")
        if content.get("from_device") != flow.device:
            raise SasError("m.user_error", "another device")
        await self._keys.learn([flow.user], again=True)
        device = next((device for device in self._crypto.devices(flow.user) if device.id == flow.device), None)
        if device is None:
            raise SasError("m.key_mismatch", "unknown device")
        if device.blacklisted and flow.user not in self._admins:  # an admin can compare with the log
            raise DeclinedError(REFUSED_DEVICE)
        flow.names = {f"ed25519:{device.id}": device.ed25519}
        if master := self._keys.master(flow.user):
            flow.names[f"ed25519:{master}"] = master
        flow.exchange = Exchange(
            flow.transaction, (self._crypto.user_id, self._crypto.device_id), (flow.user, flow.device)
        )
        await self._send(flow, "accept", flow.exchange.accept(content))

    def _show(self, flow: Flow, exchange: Exchange, now: datetime) -> list[Inbound]:
        emojis = exchange.emojis()
        text = "   ".join(f"{picture} {name}" for picture, name in emojis)
        log.info("matrix.verification_compare", user=flow.user, emojis=text)
        if (room := self._place(flow)) is None:
            raise DeclinedError(ELSEWHERE)
        address = Address(NAME, room.id)
        return [Inbound(f"sas {flow.transaction}"[:255], address, flow.user, text, True, now, Happening.COMPARE)]

    async def _finish(self, flow: Flow, exchange: Exchange, content: Json) -> None:
        proven = exchange.check(content, flow.names)
        own = {f"ed25519:{self._crypto.device_id}": self._crypto.ed25519, f"ed25519:{self._master}": self._master}
        await self._send(flow, "mac", exchange.mac(own))
        await self._send(flow, "done", {})
        log.info("matrix.verified", user=flow.user, keys=len(proven))

    async def _cancel(self, flow: Flow, code: str, reason: str) -> None:
        try:
            await self._send(flow, "cancel", {"code": code, "reason": reason})
        except MatrixError as error:
            log.info("matrix.cancel_not_sent", reason=error.message)

    async def _send(self, flow: Flow, kind: str, content: Json) -> None:
        if room := self._reader.rooms.get(flow.room):
            relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": flow.transaction}}
            await self._sending.event(room, PREFIX + kind, content | relation)
            return
        body = {"messages": {flow.user: {flow.device: content | {"transaction_id": flow.transaction}}}}
        await self._server.put("v3", "sendToDevice", PREFIX + kind, uuid4().hex, body=body)
