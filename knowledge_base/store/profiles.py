"""Profiles: name, municipality, and reachability of a person; also merging and separating of persons."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from knowledge_base.mail_address import same_form
from knowledge_base.model import ContactNetwork
from knowledge_base.store.merging import erase, merge
from knowledge_base.store.people import Account, People, Person, hold_person
from knowledge_base.store.separating import part
from knowledge_base.store.tables import person, profile, subscription
from knowledge_base.store.upsert import insert_into

_NEVER = datetime.min.replace(tzinfo=UTC)
VERIFIED_FOR = timedelta(days=365)  # then the person must prove it again


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The profile of a person; a field without a value is empty."""

    person_id: str
    name: str = ""
    municipality: str = ""  # id of its record
    verified_at: datetime | None = None
    verified_address: str = ""  # that proved it
    prefers: str = ""  # channel
    phone: str = ""
    paused_until: datetime | None = None
    refuses: bool = False  # opted out of introductions

    def is_verified(self, now: datetime) -> bool:
        """Return whether they proved to belong to the municipality, not too long ago."""
        return self.verified_at is not None and now - self.verified_at < VERIFIED_FOR

    def is_available(self, now: datetime) -> bool:
        """Return whether they may be asked for an introduction now."""
        return not self.refuses and (self.paused_until is None or self.paused_until <= now)


class Profiles:
    """The profiles of all persons."""

    def __init__(self, connection: AsyncConnection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def get(self, person_id: str) -> Profile:
        """Return the profile of a person, or an empty one."""
        rows = await self._connection.execute(select(profile).where(profile.c.person_id == person_id))
        row = rows.mappings().first()
        return Profile(**{str(name): value for name, value in row.items()}) if row else Profile(person_id=person_id)

    async def proven(self) -> list[Profile]:
        """Return all profiles with a proven municipality, however long ago."""
        rows = await self._connection.execute(select(profile).where(profile.c.verified_at.is_not(None)))
        return [Profile(**{str(name): value for name, value in row.items()}) for row in rows.mappings()]

    async def set(self, person_id: str, **changes: Any) -> Profile:
        """Change fields of ``Profile``. Another municipality is not verified any more unless the change says so."""
        await hold_person(self._connection, person_id)
        before = await self.get(person_id)
        if changes.get("municipality", before.municipality) != before.municipality:
            changes = {"verified_at": None, "verified_address": ""} | changes
        after = replace(before, **changes)
        values = asdict(after)
        statement = insert_into(self._connection, profile).values(**values)
        await self._connection.execute(
            statement.on_conflict_do_update(index_elements=["person_id"], set_={**values, "person_id": person_id})
        )
        if after.municipality != before.municipality:  # its holidays move digests
            theirs = update(subscription).where(subscription.c.person_id == person_id)
            await self._connection.execute(theirs.values(next_due_at=None))
        return after

    async def person_of_address(self, address: str, *, language: str | None = None) -> Person:
        """Return the person behind a mail address, created if new: an imported contact is such a person.

        A switched-off account (its mail bounced) stays so. ``language`` is that of a new person.
        """
        known = same_form(address)
        person_ = await People(self._connection, self._now).identify(
            ContactNetwork.EMAIL.value, known, private_conversation=known, returns=False
        )
        if not person_.new or language is None:
            return person_
        await self._connection.execute(update(person).where(person.c.id == person_.id).values(last_language=language))
        return replace(person_, last_language=language)

    async def merge(self, from_person: str, into_person: str) -> None:
        """Merge the first person into the second; where both have a value, the second keeps theirs.

        The first is gone afterwards.
        """
        if from_person == into_person:
            return
        old, new = await self.get(from_person), await self.get(into_person)
        await merge(self._connection, from_person, into_person)
        both = _combined(old, new)
        if both != Profile(person_id=into_person):
            await self.set(into_person, **{name: value for name, value in asdict(both).items() if name != "person_id"})

    async def part(
        self, person_id: str, leaving: Sequence[Account], introductions: Collection[str], *, instead: Account | None
    ) -> str:
        """Give accounts of a person to a new one; see ``knowledge_base.store.separating``."""
        return await part(self._connection, self._now, person_id, leaving, introductions, instead=instead)

    async def erase(self, person_id: str, *, event_id: str = "") -> None:
        """Delete a person with everything; see ``knowledge_base.store.merging.erase``."""
        await erase(self._connection, self._now, person_id, event_id=event_id)


def _combined(old: Profile, new: Profile) -> Profile:
    """Return the merged profile; an opt-out on either account holds."""
    values = {name: value or getattr(old, name) for name, value in asdict(new).items() if name != "person_id"}
    if new.municipality or not old.municipality:  # a proof belongs to its municipality
        values |= {"verified_at": new.verified_at, "verified_address": new.verified_address}
        if old.municipality == new.municipality and (old.verified_at or _NEVER) > (new.verified_at or _NEVER):
            values |= {"verified_at": old.verified_at, "verified_address": old.verified_address}
    pauses = [until for until in (old.paused_until, new.paused_until) if until]
    values["paused_until"] = max(pauses, default=None)
    return Profile(person_id=new.person_id, **values)
