"""Alerts about the parts of the bot: which one failed, since when and why, and which one works again.

The admins hear of an outage at most once per hour and part. What cannot be told at once, because the database itself is
away or the hour is not over, is told later. So no admin hears that a part works again without hearing what had failed.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from bot.messages import Say, Value
from bot.operations.alerts import PART_DOWN, PART_UP, Alerts, News
from bot.operations.health import ALLOWANCES, ENDED, PROBE_EVERY, Health, HealthReport, chats_in
from knowledge_base.clock import is_past

LOOK_EVERY = 10.0  # seconds between two looks at the parts
SETTLES = timedelta(seconds=PROBE_EVERY + LOOK_EVERY)  # so long after a part, those that failed with it may need
REASONS: Mapping[str, str] = {  # reason in the report of health → key of its text
    "timeout": "timeout",
    "silent": "silent",
    "unreachable": "unreachable",
    "internal error": "internal",
    "token refused": "token",
    "rate limited": "limited",
}
NETWORK_REASONS = (  # what the reasons of networks have in common → key of its text
    (re.compile(r"timeout|in time", re.IGNORECASE), "timeout"),
    (re.compile(r"cannot be reached|ConnectError|ProxyError|: 50[234]\b"), "unreachable"),
)
Label = Callable[[str], Say | str]  # name of a channel → as people read it

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Outage:
    """A part that failed; ``until`` is the time when it worked again, ``None`` while it does not."""

    part: str
    since: datetime
    reason: str
    until: datetime | None = None

    @property
    def thing(self) -> str:
        """Return what admins hear of at most once per hour."""
        code = PART_UP if self.until else PART_DOWN
        return f"{code} {self.part}{' ended' if self.reason.startswith(ENDED) and not self.until else ''}"


def changes(red: Mapping[str, Outage], report: HealthReport, now: datetime) -> Iterator[Outage]:
    """Yield the outages that began or ended since ``red``, and those that waiting cannot end any more."""
    for part in report.parts:
        before = red.get(part.name)
        if before is None:
            if not part.ok:
                yield Outage(part.name, now - timedelta(seconds=part.silent_for), part.reason)
        elif part.ok:
            yield replace(before, until=now)
        elif part.reason.startswith(ENDED) and not before.reason.startswith(ENDED):
            yield replace(before, reason=part.reason)


class PartAlerts:
    """The outages that the admins are to hear of."""

    def __init__(self, health: Health, alerts: Alerts, now: Callable[[], datetime], label: Label) -> None:
        self._health, self._alerts, self._now, self._label = health, alerts, now, label
        self._red: dict[str, Outage] = {}
        self._untold: dict[str, Outage] = {}  # by what they are about
        self._settled = now()  # until then, parts that failed may be about to work again

    async def run(self, *, every: float = LOOK_EVERY) -> None:
        """Look until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(every)

    async def look(self) -> None:
        """Log what changed since the last look, and tell the admins what they have not heard yet."""
        for outage in list(changes(self._red, self._health.status(), self._now())):
            self._note(outage)
            if outage.until:
                self._settled = outage.until + SETTLES
        told = await self._tell(PART_UP)
        if is_past(self._settled, self._now(), SETTLES):
            told |= await self._tell(PART_DOWN)
        self._untold = {thing: outage for thing, outage in self._untold.items() if thing not in told}

    def _note(self, outage: Outage) -> None:
        """Log a change; it takes the place of what is untold of the same part."""
        lasted = (outage.until or self._now()) - outage.since
        code, seconds = PART_UP if outage.until else PART_DOWN, int(lasted.total_seconds())
        (log.warning if outage.until else log.error)(
            "alert", code=code, part=outage.part, reason=outage.reason, seconds=seconds
        )
        for thing in [thing for thing, untold in self._untold.items() if untold.part == outage.part]:
            outage = replace(outage, since=min(outage.since, self._untold.pop(thing).since))
        self._untold[outage.thing] = outage
        if outage.until:
            del self._red[outage.part]
        else:
            self._red[outage.part] = outage

    async def _tell(self, code: str) -> frozenset[str]:
        """Tell what is untold of one kind; return what the admins know then."""
        news = {
            thing: News(outage.since, line(outage, self._label))
            for thing, outage in self._untold.items()
            if (outage.until is None) == (code == PART_DOWN)
        }
        return await self._alerts.tell(code, news) if news else frozenset()


def line(outage: Outage, label: Label) -> Say:
    """Return what an alert says about one outage, in plain words."""
    values: dict[str, Value] = {
        "part": part_name(outage.part, label),
        "since": utc(outage.since),
        "reason": reason(outage.reason),
    }
    if outage.until:
        return Say("alert.part_up.line", values | {"until": utc(outage.until)})
    return Say("alert.part_down.line", values | {"remedy": remedy(outage)})


def report_lines(report: HealthReport, now: datetime, label: Label) -> Iterator[Say]:
    """Yield a line about each part: whether it works, else since when it does not, and why."""
    for part in report.parts:
        name = part_name(part.name, label)
        if part.ok:
            yield Say("operate.part_ok", {"part": name})
        else:
            since = utc(now - timedelta(seconds=part.silent_for))
            yield Say("operate.part_red", {"part": name, "since": since, "reason": reason(part.reason)})


def part_name(part: str, label: Label) -> Say:
    """Return what people call a part or channel."""
    is_channel = part not in ALLOWANCES
    return Say("alert.part.channel", {"channel": label(part)}) if is_channel else Say(f"alert.part.{part}")


def reason(text: str) -> Say:
    """Return the reason of an outage in plain words; what has none is shown as the technical message that it is."""
    if text in REASONS:
        return Say(f"alert.reason.{REASONS[text]}")
    if (chats := chats_in(text)) is not None:
        return Say("alert.reason.muted", {"number": chats})
    if text.startswith(ENDED):
        return Say("alert.reason.ended", {"message": text.removeprefix(ENDED).strip(" .")})
    for pattern, key in NETWORK_REASONS:
        if pattern.search(text):
            return Say(f"alert.reason.{key}")
    return Say("alert.reason.other", {"message": text.rstrip(".")})


def remedy(outage: Outage) -> Say:
    """Return what an admin can do about an outage."""
    if outage.reason.startswith(ENDED):
        return Say("alert.remedy.ended")
    if outage.reason == "token refused":
        return Say("alert.remedy.token")
    return Say(f"alert.remedy.{outage.part if outage.part in ALLOWANCES else 'channel'}")


def utc(moment: datetime) -> str:
    """Return a time as the log writes it, to the minute."""
    return f"{moment:%Y-%m-%d %H:%M} UTC"
