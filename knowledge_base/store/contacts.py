"""The imported contacts and the people behind them: holders of roles, notices, and hidden contacts."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.codec import digest
from knowledge_base.mail_address import same_form
from knowledge_base.model import Contact, ContactNetwork, RecordKind
from knowledge_base.store.merging import erase
from knowledge_base.store.records import Records
from knowledge_base.store.tables import (
    account,
    claim,
    contact_notice,
    introduction,
    person,
    profile,
    record,
    subscription,
)
from knowledge_base.store.upsert import insert_into

KEPT_OF_ERASED = ("id", "role", "municipality", "projects", "topics", "deputy")  # the office, not the person


@dataclass(frozen=True, slots=True)
class Duty:
    """The state of the duty to tell a contact about the import (Art. 14 GDPR)."""

    contact_id: str
    since: datetime
    told_at: datetime | None
    warned_at: datetime | None
    hidden_at: datetime | None


class Contacts:
    """Contacts and the people behind them."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now
        self._records = Records(connection, now)

    async def all(self) -> list[Contact]:
        """Return every visible contact."""
        records = [stored.record async for stored in self._records.stream(RecordKind.CONTACT)]
        return [record for record in records if isinstance(record, Contact)]

    async def with_address(self, *addresses: str) -> list[Contact]:
        """Return the contacts that were imported with one of these mail addresses."""
        wanted = {same_form(address) for address in addresses} - {""}
        return [contact for contact in await self.all() if same_form(contact.email) in wanted]

    async def held_by(self, person_id: str) -> list[Contact]:
        """Return the roles of a person: those with a record that names one of their accounts."""
        columns = select(account.c.channel, account.c.user_id).where(account.c.person_id == person_id)
        own = {(row.channel, row.user_id) for row in await self._connection.execute(columns)}
        return [contact for contact in await self.all() if own.intersection(contact.accounts)] if own else []

    # ------------------------------------------------------------------------------------------------- Art. 14 GDPR

    async def duties(self) -> dict[str, Duty]:
        """Return the state of the duty for each contact, by the id of its record."""
        rows = await self._connection.execute(select(contact_notice))
        return {row.contact_id: Duty(*row) for row in rows}

    async def seen(self, contact_ids: Collection[str]) -> None:
        """Note contacts that are there from now on; the period to tell them begins."""
        for contact_id in sorted(contact_ids):  # one lock order everywhere prevents a deadlock
            statement = insert_into(self._connection, contact_notice).values(contact_id=contact_id, since=self._now)
            await self._connection.execute(statement.on_conflict_do_nothing())

    async def note_informed(self, contact_ids: Collection[str]) -> None:
        """Note that these contacts were told; show those again that were hidden for it."""
        await self.seen(contact_ids)
        where = contact_notice.c.contact_id.in_(list(contact_ids))
        values = {"told_at": func.coalesce(contact_notice.c.told_at, self._now), "hidden_at": None}
        await self._connection.execute(update(contact_notice).where(where).values(**values))

    async def warned(self, contact_ids: Collection[str]) -> list[str]:
        """Note that the admins know of these untold contacts; return those that are new to them."""
        return await self._note_untold(contact_ids, "warned_at")

    async def hide(self, contact_ids: Sequence[str]) -> list[str]:
        """Hide contacts from introductions until they were told; return those newly hidden."""
        return await self._note_untold(contact_ids, "hidden_at")

    async def _note_untold(self, contact_ids: Collection[str], column: str) -> list[str]:
        """Note the moment, unless it is noted, or the contact was told, since the caller looked."""
        here = contact_notice.c.contact_id.in_(list(contact_ids))
        still = (contact_notice.c.told_at.is_(None), contact_notice.c[column].is_(None))
        statement = update(contact_notice).where(here, *still).values({column: self._now})
        return list((await self._connection.execute(statement.returning(contact_notice.c.contact_id))).scalars())

    async def needs_notice(self, contact_id: str) -> bool:
        """Return whether the next mail to this contact must tell about the import."""
        told_at = select(contact_notice.c.told_at).where(contact_notice.c.contact_id == contact_id)
        return await self._connection.scalar(told_at) is None

    # ----------------------------------------------------------------------------------------------------- erasure

    async def erase(self, contacts: Collection[Contact]) -> None:
        """Delete contacts and all traces of the people in these roles; an import does not bring them back."""
        await self._records.remove([(RecordKind.CONTACT, contact.id) for contact in contacts])
        for contact in contacts:
            stored = await self._records.get(RecordKind.CONTACT, contact.id, removed=True)
            body = {name: stored.body[name] for name in KEPT_OF_ERASED if name in stored.body} if stored else {}
            where = (record.c.kind == RecordKind.CONTACT, record.c.id == contact.id)
            values = {"body": body, "imported": body, "digest": digest(body), "imported_digest": digest(body)}
            await self._connection.execute(update(record).where(*where).values(**values))

    # ---------------------------------------------------------------------------------------------------- retention

    async def forget_unconfirmed(self, older_than: timedelta) -> int:
        """Delete people known only by an unproven mail address that no other row needs; return their number.

        A profile, a subscription, a claim, an introduction, a contact and an account on another network need it.
        """
        other = account.alias("other")
        needed = [
            select(1).where(other.c.person_id == person.c.id, other.c.channel != ContactNetwork.EMAIL),
            select(1).where(profile.c.person_id == person.c.id),
            select(1).where(subscription.c.person_id == person.c.id),
            select(1).where(claim.c.person_id == person.c.id),
            select(1).where((introduction.c.asker == person.c.id) | (introduction.c.contact_person == person.c.id)),
        ]
        unneeded = [~reason.exists() for reason in needed]
        statement = select(person.c.id, account.c.user_id).join(account, account.c.person_id == person.c.id)
        statement = statement.where(person.c.created_at < self._now - older_than, *unneeded)
        ids = sorted({row.id for row in await self._connection.execute(statement)})
        held = select(person.c.id).where(person.c.id.in_(ids)).order_by(person.c.id).with_for_update()
        await self._connection.execute(held)  # locked: from here on no new row can need them, so look once more
        statement = statement.where(person.c.id.in_(ids))
        addresses = {row.id: row.user_id for row in await self._connection.execute(statement)}
        imported = {same_form(contact.email) for contact in await self.all()} if addresses else set()
        gone = [person_id for person_id, address in addresses.items() if address not in imported]
        for person_id in gone:
            await erase(self._connection, self._now, person_id)
        return len(gone)
