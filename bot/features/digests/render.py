"""A digest put into words: what was chosen, as something to say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.commands.digests import Digest, Unsubscribe
from bot.commands.introductions import Introduce
from bot.commands.search import PROJECT, Show
from bot.features.wording import TOPICS_NAMED, day, facts_of, label, named, origin_of
from bot.messages import Choice, Say, Url, Value
from knowledge_base.digests.content import DigestEntry, Selection, Why
from knowledge_base.digests.material import day_of
from knowledge_base.model import Contact, Event, Project
from knowledge_base.store.open_questions import Asked
from knowledge_base.translations import in_language
from knowledge_base.vocabulary import bundled

SUMMARY = 220  # characters of a project's text
SETTINGS = Choice(Say("choice.digest_settings"), Digest("settings"))
UNSUBSCRIBE = Choice(Say("choice.unsubscribe"), Unsubscribe())
DigestRecord = Project | Contact | Event | Asked


class ReadingPlace(StrEnum):
    """Where a digest is read: what can be done there with an entry differs."""

    CHAT = "chat"
    ROOM = "room"
    MAIL = "mail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """The part that all digests of one run share."""

    records: Mapping[str, DigestRecord]
    introducible: frozenset[str] = frozenset()  # ids of projects with a contact who can be asked
    introduced: int | None = None  # how many people lately, where that may be told
    intro: str = ""  # the editors' line


def digest(
    chosen: Selection,
    issue: Issue,
    topics: Sequence[str],
    language: str,
    place: ReadingPlace,
    *,
    buttons: bool,
    bored: str = "",
    veiled: bool = False,
) -> Say:
    """Return the whole message; ``bored`` is a topic without an opened entry for a long time.

    ``veiled``: the network may not carry what other people wrote: of a question it tells what it is about.
    """
    records = {entry.candidate.key: issue.records[entry.candidate.key] for entry in chosen.entries}
    if veiled:
        records = {
            key: replace(record, question="") if isinstance(record, Asked) else record
            for key, record in records.items()
        }
    entries = [_entry(entry, records[entry.candidate.key], language, place) for entry in chosen.entries]
    choices = tuple(_choices(records, issue.introducible, language, place, buttons=buttons, bored=bored))
    meets = place is ReadingPlace.CHAT and any(isinstance(choice.intent, Introduce) for choice in choices)
    howto: dict[str, Value] = {"introduction": Say("digest.howto.introduction") if meets else ""}
    values: dict[str, Value] = {
        "topics": named(topics, language),
        "intro": Say("digest.intro", {"text": issue.intro}) if issue.intro else "",
        "entries": tuple(entries),
        "more": Say("digest.more", {"count": chosen.more}) if chosen.more else "",
        "introduced": Say("digest.introduced", {"count": issue.introduced}) if issue.introduced and entries else "",
        "offer": Say("digest.bored", {"topic": label(bored, language)}) if bored else "",
        "howto": Say(f"digest.howto.{place}", howto) if entries else "",
    }
    return Say("digest.weekly" if entries else "digest.sign_of_life", values, choices, language)


def _choices(
    records: Mapping[str, DigestRecord],
    introducible: frozenset[str],
    language: str,
    place: ReadingPlace,
    *,
    buttons: bool,
    bored: str,
) -> Iterator[Choice]:
    if place is ReadingPlace.MAIL:  # the bot receives no mail
        return
    for key, record in records.items():
        yield Choice(Say("choice.show", {"title": _title(record, language)}), Show(key), numbered=True)
    for number, record in enumerate(records.values(), start=1):
        if place is ReadingPlace.CHAT and (project_id := _asked_about(record, introducible)):
            introduce = Introduce(PROJECT + project_id) if buttons else Introduce(number=number)
            yield Choice(Say("choice.intro.ask", {"number": number}), introduce)
    if bored:
        yield Choice(Say("choice.drop_topic"), Digest("drop", bored))
    yield SETTINGS
    yield UNSUBSCRIBE


def _asked_about(record: DigestRecord, introducible: frozenset[str]) -> str:
    """Return the project through which the contact of an entry can be asked; empty if there is no contact."""
    projects = record.projects if isinstance(record, Contact) else (record.id,) if isinstance(record, Project) else ()
    return next((project for project in projects if project in introducible), "")


def _source(record: Project | Contact | Event) -> Value:
    """Return the source: a link, or words where there is no page; empty if the record names none."""
    known = [
        source
        for source in ((record.source,) if isinstance(record, Contact) else (record.url, *record.sources))
        if source
    ]
    page = next((Url(source) for source in known if source.startswith(("https://", "http://"))), None)
    return page or (Say("digest.source", {"source": known[0]}) if known else "")


def _title(record: DigestRecord, language: str) -> Value:
    if isinstance(record, Asked):
        return record.question or Say("digest.question_veiled")
    if isinstance(record, Project):
        return in_language(record, language).project.title
    return record.role if isinstance(record, Contact) else record.title


def _question(record: Asked, language: str, place: ReadingPlace) -> Say:
    topics = (Say("digest.word", {"word": label(topic, language)}) for topic in record.topics[:TOPICS_NAMED])
    facts = (Say("digest.why.question"), *topics)
    if not record.question:
        return Say("digest.question_hidden", {"facts": facts})
    return Say(
        "digest.question_by_mail" if place is ReadingPlace.MAIL else "digest.question",  # the bot receives no mail
        {"question": record.question, "facts": facts, "number": record.number},
    )


def _entry(entry: DigestEntry, record: DigestRecord, language: str, place: ReadingPlace) -> Say:
    if isinstance(record, Project):
        return _project(entry, record, language)
    if isinstance(record, Event):
        return _event(entry, record, language)
    if isinstance(record, Asked):
        return _question(record, language, place)
    topics = [topic.id for raw in record.topics if (topic := bundled().topic_of(raw))]
    words = [record.municipality, *(label(topic, language) for topic in topics[:TOPICS_NAMED])]
    facts = (Say("digest.word", {"word": word}) for word in words if word)
    said = {"role": record.role, "facts": (Say("digest.why.contact"), *facts), "url": _source(record)}
    return Say("digest.contact", said)


def _project(entry: DigestEntry, record: Project, language: str) -> Say:
    reason = Say(f"digest.why.{entry.why}", {"fields": tuple(Say(f"digest.field.{name}") for name in entry.fields)})
    reading = in_language(record, language)
    project, origin = reading.project, origin_of(reading, language)
    facts = [reason, *(Say("digest.word", {"word": fact}) for fact in facts_of(reading, language))]
    facts += [origin] if isinstance(origin, Say) and reading.is_translated else []
    return Say(
        "digest.project" if project.lang == language else "digest.project_original",
        {
            "title": project.title,
            "facts": tuple(facts),
            "summary": summary(project.text),
            "role": Say("ask.role", {"role": project.contact_role}) if project.contact_role else "",
            "url": _source(record),
        },
    )


def _event(entry: DigestEntry, record: Event, language: str) -> Say:
    reason = Say("digest.why.moved") if entry.fields else Say(f"digest.why.{Why.EVENT}", {"fields": ""})
    begins, ends = day_of(record.start), day_of(record.end)
    when = " – ".join(dict.fromkeys(day(time, language) for time in (begins, ends) if time))
    facts = (Say("digest.word", {"word": word}) for word in (when, record.municipality) if word)
    return Say(
        "digest.event",
        {
            "title": record.title,
            "facts": (reason, *facts),
            "summary": summary(record.text),
            "url": _source(record),
        },
    )


def summary(text: str) -> str:
    """The beginning of a text, whole sentences where they fit."""
    text = " ".join(text.split())
    if len(text) <= SUMMARY:
        return text
    cut = text[:SUMMARY]
    sentence = max(cut.rfind(". "), cut.rfind("! "), cut.rfind("? "))
    return cut[: sentence + 1] if sentence > SUMMARY // 2 else cut.rpartition(" ")[0] + " …"
