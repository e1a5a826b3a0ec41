"""Imported contacts must be told that they are (Art. 14 GDPR): within a month, or the bot introduces them to no asker.

The first mail of a request tells them; ``stadtlotse contacts --tell`` tells all at once. The period begins when the
contact is first seen. Admins are warned before it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from bot.channels.networks import MAIL
from bot.features.privacy_notice import about_import, was_asked
from bot.operations.alerts import Alerts
from bot.outgoing.links import Links
from bot.outgoing.notify import Notice, tell
from config.settings import Settings
from knowledge_base.clock import is_past
from knowledge_base.model import Contact
from knowledge_base.store.contacts import Duty
from knowledge_base.store.database import Store
from knowledge_base.store.secret import keyed_hash

WARN_AFTER, HIDE_AFTER = timedelta(days=25), timedelta(days=30)
LOOK_EVERY = timedelta(hours=1)
UNTOLD, HIDDEN = "contacts_untold", "contacts_hidden"


def open_duties(contacts: Iterable[Contact], duties: Mapping[str, Duty]) -> list[Duty]:
    """Those who were not asked and do not know yet, of contacts that are still there; hidden ones are settled."""
    present = {contact.id for contact in contacts if not was_asked(contact)}
    return [duty for key, duty in duties.items() if key in present and not (duty.told_at or duty.hidden_at)]


def late(duties: Iterable[Duty], now: datetime) -> tuple[list[str], list[str]]:
    """Ids to warn of, and to hide, now."""
    warn, hide = [], []
    for duty in duties:
        age = now - duty.since
        if age >= HIDE_AFTER:
            hide.append(duty.contact_id)
        elif age >= WARN_AFTER and duty.warned_at is None:
            warn.append(duty.contact_id)
    return warn, hide


class ContactDuty:
    """The timer of it; each call does what is due, a second one nothing more."""

    def __init__(self, store: Store, alerts: Alerts) -> None:
        self._store = store
        self._alerts = alerts
        self._revision = -1  # of the knowledge, when contacts were last looked for
        self._next_look: datetime | None = None

    async def __call__(self) -> None:
        """Begin the period of new contacts, warn, hide. Looks when the knowledge changed, else every hour."""
        async with self._store.read() as tx:
            revision = await tx.records.revision()
            if revision == self._revision and self._next_look and not is_past(self._next_look, tx.now, LOOK_EVERY):
                return
            contacts, duties = await tx.contacts.all(), await tx.contacts.duties()
        new = [contact.id for contact in contacts if contact.id not in duties]
        async with self._store.begin() as tx:
            await tx.contacts.seen(new)
            warn, hide = late(open_duties(contacts, duties), tx.now)
            warn, hide = await tx.contacts.warned(warn), await tx.contacts.hide(hide)
        self._revision, self._next_look = revision, self._store.now() + LOOK_EVERY
        for code, ids in ((UNTOLD, warn), (HIDDEN, hide)):
            if ids:
                await self._alerts.alert(code, number=len(ids), days=HIDE_AFTER.days)


async def tell_all(store: Store, settings: Settings, links: Links, secret: bytes) -> tuple[int, int]:
    """Store the notice for every contact that was neither asked nor told; returns how many, and how many cannot be
    reached by mail. A second call sends nothing twice.
    """
    notified = unreachable = 0
    async with store.read() as tx:
        contacts = [contact for contact in await tx.contacts.all() if not was_asked(contact)]
    for contact in contacts:
        async with store.begin() as tx:
            if not await tx.contacts.needs_notice(contact.id):
                continue
            person = await tx.profiles.person_of_address(contact.email) if contact.email else None
            key = f"art14:{keyed_hash(secret, 'art14', contact.id)[:32]}"
            notice = Notice(about_import(contact, settings), key, connect=True)
            if person and await tell(tx, person, notice, settings=settings, links=links, prefers=MAIL):
                await tx.contacts.note_informed([contact.id])
                notified += 1
            else:
                unreachable += 1
    return notified, unreachable
