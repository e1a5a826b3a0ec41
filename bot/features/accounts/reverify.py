"""A proven municipality holds as long as the address still proves it: mail domains change hands, contacts change."""

from __future__ import annotations

from collections.abc import Collection

from bot.features.places import proven_by
from bot.messages import Say
from bot.outgoing.links import Links
from bot.outgoing.notify import Notice, tell
from config.settings import Settings
from knowledge_base.mail_address import same_form
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.search.service import SearchService
from knowledge_base.store.database import Store
from knowledge_base.store.people import Person
from knowledge_base.store.profiles import Profile
from knowledge_base.store.transaction import Transaction


class Proofs:
    """Looks at every proof again when the knowledge changed; who lost theirs is told, once."""

    def __init__(self, store: Store, search: SearchService, settings: Settings, links: Links) -> None:
        self._store = store
        self._search = search
        self._settings = settings
        self._links = links
        self._revision = -1

    async def __call__(self) -> None:
        """Take back what is not proven any more."""
        async with self._store.read() as tx:
            revision = await tx.records.revision()
            if revision == self._revision:
                return
            proven, contacts = await tx.profiles.proven(), await tx.contacts.all()
        addresses = {same_form(contact.email) for contact in contacts}
        gazetteer = self._search.snapshot.gazetteer
        for profile in proven:
            if not still_proves(profile, gazetteer, addresses):
                async with self._store.begin() as tx:
                    await self._take_back(tx, profile)
        self._revision = revision

    async def _take_back(self, tx: Transaction, profile: Profile) -> None:
        await tx.people.hold(profile.person_id)
        if (
            await tx.profiles.get(profile.person_id) != profile
        ):  # they proved something else meanwhile: the next look sees it
            return
        await tx.profiles.set(profile.person_id, verified_at=None, verified_address="")
        person = Person(profile.person_id, None, None)
        key = f"proof:{profile.person_id}:{profile.verified_at:%Y%m%d%H%M%S}"
        notice = Notice(Say("verify.lapsed"), key)
        await tell(tx, person, notice, settings=self._settings, links=self._links, prefers=profile.prefers or None)


def still_proves(profile: Profile, gazetteer: Gazetteer, addresses: Collection[str]) -> bool:
    """Whether the address is a contact's, or of a domain of the municipality that it proved."""
    ids = {municipality.id for municipality in proven_by(profile.verified_address.rpartition("@")[2], gazetteer)}
    return profile.municipality in ids or profile.verified_address in addresses
