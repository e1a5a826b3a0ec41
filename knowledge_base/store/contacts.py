"""The imported contacts as people who can be asked: who holds the role, who knows of it, who must not be shown."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.codec import digest
from knowledge_base.mail_address import same_form
from knowledge_base.model import Contact, RecordKind
from knowledge_base.store.records import Records
from knowledge_base.store.tables import account, contact_notice, profile, record
from knowledge_base.store.upsert import insert_into

KEPT_OF_ERASED = ("id", "role", "municipality", "projects", "topics", "deputy")  # the office, not who holds it


@dataclass(frozen=True, slots=True)
class Duty:
    """How it stands with telling a contact that they were imported (Art. 14 GDPR)."""

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
        """Every visible contact."""
        stored = [one.record async for one in self._records.stream(RecordKind.CONTACT)]
        return [one for one in stored if isinstance(one, Contact)]

    async def with_address(self, *addresses: str) -> list[Contact]:
        """The contacts that were imported with one of these mail addresses."""
        wanted = {same_form(address) for address in addresses} - {""}
        return [contact for contact in await self.all() if same_form(contact.email) in wanted]

    async def held_by(self, person_id: str) -> list[Contact]:
        """The roles of a person: those imported with an address that is one of their accounts."""
        where = (account.c.person_id == person_id, account.c.channel == "email")
        addresses = list((await self._connection.execute(select(account.c.user_id).where(*where))).scalars())
        return await self.with_address(*addresses) if addresses else []

    async def hidden(self) -> frozenset[str]:
        """Ids of contacts behind whom nobody may be asked: not told in time, or they do not want to be."""
        late = select(contact_notice.c.contact_id).where(contact_notice.c.hidden_at.is_not(None))
        refusing = select(account.c.user_id).join(profile, profile.c.person_id == account.c.person_id)
        refusing = refusing.where(account.c.channel == "email", profile.c.refuses)
        addresses = set((await self._connection.execute(refusing)).scalars())
        ids = set((await self._connection.execute(late)).scalars())
        if addresses:
            ids.update(contact.id for contact in await self.with_address(*addresses))
        return frozenset(ids)

    async def show_anew(self) -> None:
        """Who may be asked has changed: the search must look again."""
        await self._records.next_revision()

    # ------------------------------------------------------------------------------------------------- Art. 14 GDPR

    async def duties(self) -> dict[str, Duty]:
        """How it stands with each contact, by the id of its record."""
        rows = await self._connection.execute(select(contact_notice))
        return {row.contact_id: Duty(*row) for row in rows}

    async def seen(self, contact_ids: Collection[str]) -> None:
        """Contacts that are there from now on; the period to tell them begins."""
        for contact_id in contact_ids:
            statement = insert_into(self._connection, contact_notice).values(contact_id=contact_id, since=self._now)
            await self._connection.execute(statement.on_conflict_do_nothing())

    async def told(self, contact_ids: Collection[str]) -> None:
        """They know of it now; who was hidden for that is shown again."""
        await self.seen(contact_ids)
        where = contact_notice.c.contact_id.in_(list(contact_ids))
        hidden = select(func.count()).select_from(contact_notice).where(where, contact_notice.c.hidden_at.is_not(None))
        if await self._connection.scalar(hidden):
            await self.show_anew()
        values = {"told_at": func.coalesce(contact_notice.c.told_at, self._now), "hidden_at": None}
        await self._connection.execute(update(contact_notice).where(where).values(**values))

    async def warned(self, contact_ids: Collection[str]) -> None:
        """The admins know that these were not told yet."""
        where = contact_notice.c.contact_id.in_(list(contact_ids))
        await self._connection.execute(update(contact_notice).where(where).values(warned_at=self._now))

    async def hide(self, contact_ids: Sequence[str]) -> None:
        """Nobody can be introduced to these any more."""
        where = contact_notice.c.contact_id.in_(list(contact_ids))
        await self._connection.execute(update(contact_notice).where(where).values(hidden_at=self._now))
        await self.show_anew()

    async def needs_notice(self, contact_id: str) -> bool:
        """Whether the next mail to this contact must tell that they were imported."""
        told = select(contact_notice.c.told_at).where(contact_notice.c.contact_id == contact_id)
        return await self._connection.scalar(told) is None

    # ----------------------------------------------------------------------------------------------------- erasure

    async def erase(self, contacts: Collection[Contact]) -> None:
        """Take contacts out and wipe all that tells who held the role; an import does not bring them back."""
        await self._records.remove([(RecordKind.CONTACT, contact.id) for contact in contacts])
        for contact in contacts:
            stored = await self._records.get(RecordKind.CONTACT, contact.id, removed=True)
            body = {name: stored.body[name] for name in KEPT_OF_ERASED if name in stored.body} if stored else {}
            where = (record.c.kind == RecordKind.CONTACT, record.c.id == contact.id)
            values = {"body": body, "imported": body, "digest": digest(body), "imported_digest": digest(body)}
            await self._connection.execute(update(record).where(*where).values(**values))
