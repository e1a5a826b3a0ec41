"""Alerts to the admins: a log line every time, and at most one message per hour and problem.

The texts are ``alert.CODE``. Their values are names and numbers of the bot, never text from users.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

import structlog

from bot.messages import MessageAudience, Reach, Say, Value
from bot.messages.envelope import Envelope
from bot.operations.health import Health, HealthReport
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.clock import is_past
from knowledge_base.store.database import Store
from knowledge_base.store.key_values import RESTORED
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.transaction import Transaction

QUIET = timedelta(hours=1)  # after a message, the same problem is only logged
LAST_SAID = "alerts said"  # fact: problem → time
LOOK_EVERY = 10.0  # seconds between two looks at the parts
PART_DOWN, PART_UP = "part_down", "part_up"
CODES = (
    PART_DOWN,
    PART_UP,
    "quarantined",
    "unclear",
    "restored",
    "first_digest",
    "contacts_untold",
    "contacts_hidden",
    "bounced",
    "identity_changed",
    "unknown_device",
    "position_rejected",
    "away",
    "clock_jumped",
    "clock_unsure",
    "clock_holds",
    "clock_differs",
)

log = structlog.get_logger(__name__)


class Alerts:
    """Alerts to the private conversations of the admins; the bot cannot reach an admin who never wrote to it."""

    def __init__(self, store: Store, admins: Sequence[str]) -> None:
        self._store = store
        self._admins = [(channel, user) for channel, _, user in (address.partition(":") for address in admins)]

    async def alert(self, code: str, *, subject: str = "", **values: str | int) -> None:
        """Log, and notify the admins unless they got this code and subject within the last hour.

        Never raise: callers are handling a failure already, and the database may be the cause.
        """
        log.error("alert", code=code, subject=subject, **values)
        try:
            async with self._store.begin() as tx:
                if await _may_say(tx, f"{code} {subject}".strip()):
                    await self._tell(tx, code, subject, values)
        except Exception as error:  # noqa: BLE001  see above
            log.error("alert_not_stored", code=code, error=type(error).__name__)  # noqa: TRY400  its text holds data

    async def restored(self) -> None:
        """Report a restore, once: the bot does not know what happened since the backup, but the users do."""
        async with self._store.begin() as tx:
            fact = await tx.facts.hold(RESTORED)
            if fact is None or fact.get("told"):
                return
            number = (await tx.outbox.count()).get("held", 0)
            made_at = f"{datetime.fromisoformat(fact['made_at']):%Y-%m-%d %H:%M} UTC"
            log.warning("alert", code="restored", made_at=made_at, number=number)
            await self._tell(tx, "restored", "", {"number": number, "made_at": made_at})
            await tx.facts.put(RESTORED, fact | {"told": True})

    async def _tell(self, tx: Transaction, code: str, subject: str, values: dict[str, str | int]) -> None:
        exact: dict[str, Value] = {  # an admin copies ids into commands
            name: Reach(value, linked=False) if isinstance(value, str) else value for name, value in values.items()
        }
        for channel, user in self._admins:
            conversation = await tx.people.private_conversation(channel, user)
            person = await tx.people.of_account(channel, user)
            if conversation is None or person is None:
                log.warning("admin_not_reachable", channel=channel)
                continue
            say = Say(f"alert.{code}", exact)
            language = person.language or person.last_language or DEFAULT_LANGUAGE
            stored = Envelope(say, language, MessageAudience.OPERATORS, (user,)).to_json()
            key = f"alert:{code}:{subject}:{tx.now:%Y%m%dT%H}:{channel}:{user}"  # two processes may notice at once
            await tx.outbox.add(channel, conversation, stored, urgency=Urgency.NOTICE, key=key, person_id=person.id)


async def _may_say(tx: Transaction, thing: str) -> bool:
    """Return whether ``thing`` was not said within the last hour, and note it as said; forget older entries."""
    said = await tx.facts.hold(LAST_SAID) or {}
    recent = {name: at for name, at in said.items() if not is_past(datetime.fromisoformat(at) + QUIET, tx.now, QUIET)}
    if thing in recent:
        return False
    await tx.facts.put(LAST_SAID, recent | {thing: tx.now.isoformat()})
    return True


def changes(before: Iterable[str], now: HealthReport) -> Iterator[tuple[str, str, str]]:
    """Yield ``(code, part, reason)`` for each part that failed or recovered since ``before``."""
    known = frozenset(before)
    for part in now.parts:
        if not part.ok and part.name not in known:
            yield PART_DOWN, part.name, part.reason
        elif part.ok and part.name in known:
            yield PART_UP, part.name, ""


async def watch_health(health: Health, alerts: Alerts, *, every: float = LOOK_EVERY) -> None:
    """Alert on every part that turns red, and when it recovers; run until cancelled."""
    red: frozenset[str] = frozenset()
    while True:
        report = health.status()
        for code, part, reason in changes(red, report):
            values = {"reason": reason} if reason else {}
            await alerts.alert(code, subject=part, part=part, **values)
        red = report.red
        await asyncio.sleep(every)
