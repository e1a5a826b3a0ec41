"""Whether the bot is really alive: every part proves it again and again, and silence counts as failure.

A part is red when its last beat is older than its own allowance, so a part that hangs turns red exactly like one that
reports errors. One failure alone is no alarm: networks hiccup; the reason is kept and shown once the part is red.
A failure that no waiting will mend (a revoked token) turns the part red at once.

    ok ──silence longer than the allowance, or a final failure──> red ──beat──> ok

Times are seconds of a monotonic clock: a changed wall clock makes nothing red.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

import structlog

LOOP, DISPATCHER, OUTBOX, QUEUES, DATABASE, MODEL = "loop", "dispatcher", "outbox", "queues", "database", "model"

# Seconds of silence that a part may keep; with the probe intervals below, each is red within 120 s of a failure.
ALLOWANCES: Mapping[str, float] = {LOOP: 30, DISPATCHER: 90, OUTBOX: 90, QUEUES: 30, DATABASE: 90, MODEL: 90}
CHANNEL_ALLOWANCE = 90.0  # since the last successful exchange with the network
PROBE_EVERY = 20.0
PROBE_TIMEOUT = 10.0

log = structlog.get_logger(__name__)


class MutedError(Exception):
    """So many conversations wait for something that goes on nowhere."""

    def __init__(self, chats: int) -> None:
        super().__init__(f"{chats} muted chats")
        self.reason = f"{chats} muted chats"


@dataclass(frozen=True, slots=True)
class Part:
    """What is known about one part; ``beat`` is when it was last alive, at first when it was registered."""

    name: str
    allowance: float
    beat: float
    reason: str = ""  # code of the last failure since the last beat
    final: bool = False

    def red(self, now: float) -> bool:
        """Whether the part counts as failed."""
        return self.final or now - self.beat > self.allowance


@dataclass(frozen=True, slots=True)
class PartReport:
    """One part at one moment; ``silent_for`` in whole seconds."""

    name: str
    ok: bool
    silent_for: int
    reason: str


@dataclass(frozen=True, slots=True)
class HealthReport:
    """All parts at one moment, in the order of their registration."""

    parts: tuple[PartReport, ...]

    @property
    def ok(self) -> bool:
        """Green only when every registered part is."""
        return all(part.ok for part in self.parts)

    @property
    def red(self) -> frozenset[str]:
        """The names of the failed parts."""
        return frozenset(part.name for part in self.parts if not part.ok)


def report(parts: Mapping[str, Part], now: float) -> HealthReport:
    """The pure decision: which part is red at ``now``."""
    return HealthReport(
        tuple(
            PartReport(
                name=part.name,
                ok=not part.red(now),
                silent_for=max(0, int(now - part.beat)),
                reason=(part.reason or "silent") if part.red(now) else "",
            )
            for part in parts.values()
        )
    )


class Health:
    """Collects beats. Every part that is registered is one that the bot cannot do without."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._parts: dict[str, Part] = {}

    def expect(self, name: str, allowance: float | None = None) -> None:
        """Register a part: from now on its silence counts. A name that is not one of ours is a channel's.

        Registering again changes nothing: a part that is tried anew and anew must not look young each time.
        """
        if name in self._parts:
            return
        seconds = ALLOWANCES.get(name, CHANNEL_ALLOWANCE) if allowance is None else allowance
        self._parts[name] = Part(name, seconds, self._clock())

    def release(self, name: str) -> None:
        """The part was stopped on purpose; its silence means nothing any more."""
        self._parts.pop(name, None)

    def beat(self, name: str) -> None:
        """The part did its work just now. A part that waits for work beats at least every third of its allowance."""
        if name in self._parts:
            self._parts[name] = replace(self._parts[name], beat=self._clock(), reason="", final=False)

    def failed(self, name: str, reason: str, *, final: bool = False) -> None:
        """The part could not do its work; ``reason`` is a short code without data, e.g. ``unreachable``.

        ``final``: no waiting will mend it (``token_revoked``), so the part is red now.
        """
        if name in self._parts:
            self._parts[name] = replace(self._parts[name], reason=reason, final=final)

    def status(self, now: float | None = None) -> HealthReport:
        """All parts now, or at another moment of the same clock."""
        return report(self._parts, self._clock() if now is None else now)


async def watch(
    health: Health,
    name: str,
    probe: Callable[[], Awaitable[object]],
    *,
    every: float = PROBE_EVERY,
    timeout: float = PROBE_TIMEOUT,  # noqa: ASYNC109  the probe's own bound, part of the contract
) -> None:
    """Register a part and probe it for ever: an answer in time is a beat. Nothing that a probe raises ends it."""
    health.expect(name)
    while True:
        try:
            async with asyncio.timeout(timeout):
                await probe()
        except TimeoutError:
            health.failed(name, "timeout")
        except MutedError as error:
            log.error("chats_muted", reason=error.reason)  # noqa: TRY400 - it says all
            health.failed(name, error.reason)
        except Exception as error:  # noqa: BLE001  a probe may fail in any way its part can
            log.warning("probe_failed", part=name, error=type(error).__name__)
            health.failed(name, "unreachable")
        else:
            health.beat(name)
        await asyncio.sleep(every)


async def watch_loop(health: Health, alive: Callable[[], object], *, every: float = 5.0) -> None:
    """Beat from the event loop itself, for health and for whoever restarts a frozen process (``alive``).

    Nobody can report a frozen loop from inside: then ``/healthz`` does not answer, and systemd's watchdog, which gets
    no sign any more, starts the process again. A dead network or database is no reason to restart, so nothing but the
    loop decides here.
    """
    health.expect(LOOP)
    while True:
        health.beat(LOOP)
        alive()
        await asyncio.sleep(every)
