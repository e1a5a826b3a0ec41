"""Alerts to the admins: a log line every time, and at most one message per hour and problem.

The texts are ``alert.CODE``. Their values are names and numbers of the bot, never text from users.

An alert goes to the management room if the settings name one, and to the private chats of admins on other networks. The
channel checks who can read the room when it sends. If the alert may not be said there, it goes to the private chats of
all admins (``bot.outgoing.reroute``).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from bot.messages import MessageAudience, Reach, Say, Value
from bot.messages.envelope import Envelope
from bot.messages.readership import accounts_on
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.clock import is_past
from knowledge_base.store.database import Store
from knowledge_base.store.key_values import RESTORED
from knowledge_base.store.outbox import Urgency
from knowledge_base.store.people import Person
from knowledge_base.store.transaction import Transaction

QUIET = timedelta(hours=1)  # after a message, the same problem is only logged
LAST_SAID = "alerts said"  # fact: problem → time
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


@dataclass(frozen=True, slots=True)
class News:
    """Something that the admins are to hear: when it began, and what is said of it."""

    at: datetime
    line: Say


class Alerts:
    """Alerts to the admins; the bot cannot reach an admin who never wrote to it, except in the management room."""

    def __init__(self, store: Store, admins: Sequence[str], room: str = "") -> None:
        """``room``: the address of the management room; empty: there is none."""
        self._store = store
        self._admins = [(channel, user) for channel, _, user in (address.partition(":") for address in admins)]
        channel, _, conversation = room.partition(":")
        readers = tuple(sorted(accounts_on(channel, admins)))  # without one, only others could read the room
        self._room = (channel, conversation, readers) if readers else None
        self._failing = False

    async def alert(self, code: str, *, subject: str = "", **values: str | int) -> None:
        """Log, and notify the admins unless they got this code and subject within the last hour.

        Never raise: callers are handling a failure already, and the database may be the cause.
        """
        log.error("alert", code=code, subject=subject, **values)
        exact: dict[str, Value] = {  # an admin copies ids into commands
            name: Reach(value, linked=False) if isinstance(value, str) else value for name, value in values.items()
        }
        try:
            async with self._store.begin() as tx:
                if await _may_say(tx, [f"{code} {subject}".strip()]):
                    await self._tell(tx, code, subject, exact)
        except Exception as error:  # noqa: BLE001  see above
            log.error("alert_not_stored", code=code, error=type(error).__name__)  # noqa: TRY400  its text holds data

    async def tell(self, code: str, news: Mapping[str, News]) -> frozenset[str]:
        """Tell several things in one message; return those that the admins know then, so that others come later.

        Each thing is told at most once per hour; another process on this database may have told it. Never raise.
        """
        try:
            async with self._store.begin() as tx:
                said = await _said(tx)
                known = frozenset(thing for thing, new in news.items() if thing in said and said[thing] > new.at)
                if due := await _may_say(tx, [thing for thing in news if thing not in known]):
                    lines = tuple(news[thing].line for thing in due)
                    await self._tell(tx, code, "+".join(due)[:100], {"lines": lines})
        except Exception as error:  # noqa: BLE001  the database is away: the caller tries again
            if not self._failing:
                log.error("alert_not_stored", code=code, error=type(error).__name__)  # noqa: TRY400
            self._failing = True
            return frozenset()
        self._failing = False
        return known | frozenset(due)

    async def restored(self) -> None:
        """Report a restore, once: the bot does not know what happened since the backup, but the users do."""
        async with self._store.begin() as tx:
            fact = await tx.facts.hold(RESTORED)
            if fact is None or fact.get("told"):
                return
            number = (await tx.outbox.count()).get("held", 0)
            made_at = f"{datetime.fromisoformat(fact['made_at']):%Y-%m-%d %H:%M} UTC"
            log.warning("alert", code="restored", made_at=made_at, number=number)
            await self._tell(tx, "restored", "", {"number": number, "made_at": Reach(made_at, linked=False)})
            await tx.facts.put(RESTORED, fact | {"told": True})

    async def _tell(self, tx: Transaction, code: str, subject: str, values: Mapping[str, Value]) -> None:
        say, about = Say(f"alert.{code}", values), f"alert:{code}:{subject}:{tx.now:%Y%m%dT%H}"
        if self._room:
            channel, place, readers = self._room
            language = _language_of(await tx.people.of_account(channel, readers[0]))
            stored = Envelope(say, language, MessageAudience.OPERATORS, readers).to_json()
            await tx.outbox.add(channel, place, stored, urgency=Urgency.NOTICE, key=f"{about}:room")
        for channel, user in self._admins:
            if self._room and channel == self._room[0]:  # they read it in the room
                continue
            conversation = await tx.people.private_conversation(channel, user)
            person = await tx.people.of_account(channel, user)
            if conversation is None or person is None:
                log.warning("admin_not_reachable", channel=channel)
                continue
            stored = Envelope(say, _language_of(person), MessageAudience.OPERATORS, (user,)).to_json()
            key = f"{about}:{channel}:{user}"  # two processes may notice at once
            await tx.outbox.add(channel, conversation, stored, urgency=Urgency.NOTICE, key=key, person_id=person.id)


def _language_of(person: Person | None) -> str:
    return (person and (person.language or person.last_language)) or DEFAULT_LANGUAGE


async def _said(tx: Transaction) -> dict[str, datetime]:
    """Return what was said within the last hour, with its time."""
    said = {name: datetime.fromisoformat(at) for name, at in (await tx.facts.hold(LAST_SAID) or {}).items()}
    return {name: at for name, at in said.items() if not is_past(at + QUIET, tx.now, QUIET)}


async def _may_say(tx: Transaction, things: Collection[str]) -> list[str]:
    """Return the things that were not said within the last hour, and note them as said; forget older entries."""
    said = await _said(tx)
    if due := [thing for thing in things if thing not in said]:
        noted = said | dict.fromkeys(due, tx.now)
        await tx.facts.put(LAST_SAID, {name: at.isoformat() for name, at in noted.items()})
    return due
