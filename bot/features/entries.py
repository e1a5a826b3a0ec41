"""What a digest tells, one by one: shown in full, opened, found useful or not; and what its numbers stand for."""

from __future__ import annotations

from bot.commands.introductions import Introduce
from bot.commands.ratings import Rate
from bot.commands.search import CONTACT, EVENT, PROJECT
from bot.context import Turn
from bot.messages import Choice, Say, Url, Value
from knowledge_base.introductions.contacts import Introducible
from knowledge_base.labels import licence_in
from knowledge_base.model import Contact, Event, Project, RecordKind
from knowledge_base.store.subscriptions import Subscription
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language
from knowledge_base.vocabulary import bundled

RECORDS = (EVENT, CONTACT)


async def mine(tx: Transaction, turn: Turn) -> Subscription | None:
    """The subscription that is meant here: the person's own, or the room's."""
    if turn.inbound.private:
        return await tx.subscriptions.of_person(turn.person.id)
    return await tx.subscriptions.of_room(turn.inbound.address.channel, turn.inbound.address.conversation)


async def last_told(tx: Transaction, turn: Turn) -> tuple[str, ...]:
    """The entries of the last digest here, in the order of their numbers."""
    subscription = await mine(tx, turn)
    return await tx.digests.last_items(subscription.id) if subscription else ()


async def opened(tx: Transaction, turn: Turn, key: str, topics: tuple[str, ...]) -> tuple[Choice, ...]:
    """Note that a reader opened this entry; return the choices to rate it, if it came by their digest."""
    if turn.inbound.private:
        known = [topic.id for raw in topics if (topic := bundled().topic_of(raw))]
        wider = {topic_id for topic in known for topic_id in bundled().wider(topic)}
        await tx.subscriptions.opened(turn.person.id, wider)
    if key not in await last_told(tx, turn):
        return ()
    return (Choice(Say("choice.useful"), Rate(True, key)), Choice(Say("choice.useless"), Rate(False, key)))


async def show_entry(
    tx: Transaction, key: str, introducible: Introducible, language: str
) -> tuple[Say, tuple[str, ...]] | None:
    """Return an event or a contact in full, and its topics; roles only, no personal data. ``None`` if it is neither."""
    kind, _, record_id = key.partition(":")
    if not key.startswith(RECORDS):
        return None
    stored = await tx.records.get(RecordKind(kind), record_id)
    titles = await _titles(tx, stored.record, language) if stored and isinstance(stored.record, Contact) else ()
    if stored is None:
        return Say("show.not_found"), ()
    if isinstance(stored.record, Event):
        return _event(stored.record, language), stored.record.topics
    if not isinstance(stored.record, Contact):
        return None
    project = await tx.records.get(RecordKind.PROJECT, next(iter(stored.record.projects), ""))
    offer = project and isinstance(project.record, Project) and project.record in introducible
    choices = (Choice(Say("choice.intro.this"), Introduce(PROJECT + project.record.id)),) if project and offer else ()
    return _contact(stored.record, titles, choices), stored.record.topics


async def _titles(tx: Transaction, contact: Contact, language: str) -> tuple[Say, ...]:
    projects = [await tx.records.get(RecordKind.PROJECT, project_id) for project_id in contact.projects]
    records = [stored.record for stored in projects if stored and isinstance(stored.record, Project)]
    titles = [in_language(project, language).project.title for project in records]
    return tuple(Say("show.of_contact", {"title": title}) for title in titles)


async def project_behind(tx: Transaction, entry: str) -> str:
    """Return the id of the project to ask about: an entry may be a contact, which names its projects."""
    if not entry.startswith(CONTACT):
        return entry.removeprefix(PROJECT)
    stored = await tx.records.get(RecordKind.CONTACT, entry.removeprefix(CONTACT))
    projects = stored.record.projects if stored and isinstance(stored.record, Contact) else ()
    return projects[0] if projects else entry


def _event(event: Event, language: str) -> Say:
    facts = [("when", " – ".join(dict.fromkeys(filter(None, (event.start, event.end))))), ("where", event.municipality)]
    values: dict[str, Value] = {
        "title": event.title,
        "origin": "",
        "text": event.text,
        "facts": tuple(Say(f"show.{name}", {"value": value}) for name, value in facts if value),
        "sources": tuple(
            Say("show.source", {"url": Url(url, short=True)}) for url in event.sources or (event.url,) if url
        ),
        "licence": Say("show.licence", {"licence": licence_in(event.licence, language)}) if event.licence else "",
        "edit": "",
    }
    return Say("show.project", values)


def _contact(contact: Contact, titles: tuple[Say, ...], choices: tuple[Choice, ...]) -> Say:
    values: dict[str, Value] = {
        "role": contact.role,
        "municipality": contact.municipality,
        "topics": " · ".join(contact.topics),
        "projects": titles,
    }
    return Say("show.contact", values, choices)
