"""Verification of the bot from another client: in the room (as Element verifies people) and to-device.

The bot cannot see emojis, so only an admin may verify it. The bot writes its seven emojis to the admin, who compares
them with those on their own screen and confirms there. Only when that confirmation (the admin's MAC) has come and is
right does the bot send its own. Requests of all other users are declined.

This proves the bot's identity to the admin, never the admin's to the bot. An attacker who puts a new identity in an
admin's place could confirm the emojis on both sides. A changed identity stays refused (``Pins``) until the operator
confirms it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import uuid4

import structlog

from bot.channels.matrix.batch import SyncReader
from bot.channels.matrix.crypto import Crypto
from bot.channels.matrix.http import Json, MatrixError, Server, part
from bot.channels.matrix.keys import Keys
from bot.channels.matrix.normalise import NAME, VerificationStep, moment
from bot.channels.matrix.sas import METHOD, Exchange, SasError
from bot.channels.matrix.sending import MatrixSender
from bot.messages import Address, Happening, Inbound

log = structlog.get_logger()

PREFIX = "m.key.verification."
LASTS = timedelta(minutes=10)
MOST = 50  # at once


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
        master: str, admins: Collection[str],
    ) -> None:  # fmt: skip
        self._server = server
        self._reader = reader
        self._crypto = crypto
        self._keys = keys
        self._sending = sending
        self._master = master
        self._admins = admins
        self._flows: dict[str, Flow] = {}

    async def take(
        self, to_device: Iterable[Json], in_rooms: Iterable[VerificationStep], now: datetime
    ) -> list[Inbound]:
        """Process all steps of a sync answer; return the messages to send (the emojis, to the admin)."""
        self._flows = {name: flow for name, flow in self._flows.items() if now - flow.begun < LASTS}
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
            if flow is None or flow.user != event["sender"] or flow.room != room:
                return []
            return await self._answer(flow, kind, event["content"], now)
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
        content, device = event["content"], event["content"].get("from_device")
        sent = event.get("origin_server_ts") if room else content.get("timestamp", 0)
        if not isinstance(device, str) or (room and content.get("to") != self._crypto.user_id):
            return
        if isinstance(sent, int) and sent and now - moment(sent) > LASTS:
            return
        flow = Flow(event["sender"], device, room, now, transaction)
        if event["sender"] not in self._admins or len(self._flows) >= MOST:
            log.info("matrix.verification_declined", user=event["sender"])
            await self._cancel(flow, "m.user", "Only an administrator of the bot can verify it.")
            return
        self._flows[transaction] = flow
        if kind == "request":
            await self._send(flow, "ready", {"from_device": self._crypto.device_id, "methods": [METHOD]})

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
        room = flow.room or next((r.id for r in self._reader.rooms.values() if r.private and flow.user in r.joined), "")
        if not room:
            return []
        address = Address(NAME, room)
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
