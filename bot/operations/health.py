"""Health of the bot: every part proves regularly that it is alive, and silence counts as failure.

A part is red when its last beat is older than its own allowance. So a part that hangs turns red just like one that
reports errors. A single failure raises no alarm, because networks hiccup; its reason is kept and shown once the part is
red. A failure that waiting cannot fix (a revoked token) turns the part red at once.

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
ENDED = "ended:"  # begins the reason of a channel that ended by itself; why, and what to do, follow
MUTED = " muted chats"

log = structlog.get_logger(__name__)


class MutedError(Exception):
    """Too many conversations that wait for a message which is not progressing."""

    def __init__(self, chats: int) -> None:
        super().__init__(f"{chats}{MUTED}")
        self.reason = f"{chats}{MUTED}"


def chats_in(reason: str) -> int | None:
    """Return the number of muted chats that a reason names; ``None``: it names another problem."""
    number = reason.removesuffix(MUTED)
    return int(number) if number != reason and number.isdecimal() else None


@dataclass(frozen=True, slots=True)
class HealthPart:
    """The known state of one part; ``beat`` is the time when it was last alive, at first that of its registration."""

    name: str
    allowance: float
    beat: float
    reason: str = ""  # code of the last failure since the last beat
    final: bool = False

    def red(self, now: float) -> bool:
        """Return whether the part counts as failed."""
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
        """Return whether every registered part is green."""
        return all(part.ok for part in self.parts)

    @property
    def red(self) -> frozenset[str]:
        """Return the names of the failed parts."""
        return frozenset(part.name for part in self.parts if not part.ok)


def report(parts: Mapping[str, HealthPart], now: float) -> HealthReport:
    """Decide which parts are red at ``now``: pure."""
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
    """A collector of beats. The bot cannot do without any registered part."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._parts: dict[str, HealthPart] = {}

    def expect(self, name: str, allowance: float | None = None) -> None:
        """Register a part: from now on its silence counts. A name that is not in ``ALLOWANCES`` belongs to a channel.

        Registering again changes nothing: otherwise a part that restarts again and again would always look young.
        """
        if name in self._parts:
            return
        seconds = ALLOWANCES.get(name, CHANNEL_ALLOWANCE) if allowance is None else allowance
        self._parts[name] = HealthPart(name, seconds, self._clock())

    def release(self, name: str) -> None:
        """Remove a part that was stopped on purpose."""
        self._parts.pop(name, None)

    def beat(self, name: str) -> None:
        """Note that the part just did its work. An idle part must beat at least every third of its allowance."""
        if name in self._parts:
            self._parts[name] = replace(self._parts[name], beat=self._clock(), reason="", final=False)

    def failed(self, name: str, reason: str, *, final: bool = False) -> None:
        """Note that the part could not do its work; ``reason`` is a short code without data, e.g. ``unreachable``.

        ``final``: waiting cannot fix the failure (``token_revoked``), so the part is red now.
        """
        if name in self._parts:
            self._parts[name] = replace(self._parts[name], reason=reason, final=final)

    def status(self, now: float | None = None) -> HealthReport:
        """Return the report of all parts now, or at another moment of the same clock."""
        return report(self._parts, self._clock() if now is None else now)


async def watch(
    health: Health,
    name: str,
    probe: Callable[[], Awaitable[object]],
    *,
    every: float = PROBE_EVERY,
    timeout: float = PROBE_TIMEOUT,  # noqa: ASYNC109  the probe's own bound, part of the contract
) -> None:
    """Register a part and probe it until cancelled: an answer in time is a beat. No error of a probe ends the loop."""
    health.expect(name)
    while True:
        try:
            async with asyncio.timeout(timeout):
                await probe()
        except TimeoutError:
            health.failed(name, "timeout")
        except MutedError as error:
            log.error("chats_muted", reason=error.reason)  # noqa: TRY400 - the reason says it all
            health.failed(name, error.reason)
        except Exception as error:
            log.warning("probe_failed", part=name, exc_info=error)
            health.failed(name, "unreachable")
        else:
            health.beat(name)
        await asyncio.sleep(every)


async def watch_loop(health: Health, alive: Callable[[], object], *, every: float = 5.0) -> None:
    """Beat from the event loop itself, for health and for the supervisor that restarts a frozen process (``alive``).

    A frozen loop cannot report itself. ``/healthz`` then does not answer, and systemd's watchdog, which gets no sign
    any more, restarts the process. A dead network or database is no reason to restart, so only the loop decides here.
    """
    health.expect(LOOP)
    while True:
        health.beat(LOOP)
        alive()
        await asyncio.sleep(every)
