"""An open question becomes a new entry: an editor writes it step by step, sees it whole, and says yes to just that.

questions new NUMBER -> title -> municipality -> text, or an answer that may be used -> the whole -> yes -> published

The draft belongs to the question, so that every editor can go on with it. The yes names a mark of what was shown: when
anything of it has changed since, it is shown again. Nothing of the question itself goes into the entry but its topics.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace

import structlog

from bot.channels.policy import DataClass, may_pass
from bot.commands import to_text
from bot.commands.editors import NewEntry
from bot.commands.field_words import label_of
from bot.commands.search import PROJECT, Ask, Show
from bot.context import Act, Serves, Services, Turn, say
from bot.features.dialog import only_in_private
from bot.features.editors import fields
from bot.features.editors.questions import close
from bot.features.search import ask
from bot.features.search.details import in_full
from bot.features.talk import offer
from bot.messages import Choice, Say, Value
from bot.outgoing.notify import Notice, tell
from knowledge_base.codec import to_body
from knowledge_base.ingest.row import Row, RowError
from knowledge_base.ingest.validation import ValidRecord, validate
from knowledge_base.language.detect import guess_language
from knowledge_base.model import Project, Record, RecordKind
from knowledge_base.store.entry_drafts import Draft, Offered
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language
from knowledge_base.vocabulary import bundled, fold

log = structlog.get_logger(__name__)

STEPS = ("title", "municipality", "text")  # what is asked; the rest can be set
ANSWER = "answer"  # in a draft: the id of the answer that its text is taken from
UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
LONGEST_SLUG = 60  # characters of an id that say what it is about
NO_SUCH = Say("questions.no_such")


@dataclass(frozen=True, slots=True)
class _Draft:
    """What is known of an entry to be."""

    number: int
    question: str
    fields: Draft
    answers: tuple[Offered, ...]  # that may be read here and used
    topics: tuple[str, ...]  # ids, of the question

    @property
    def text(self) -> str:
        """The editor's own, or that of the answer, as long as its author lets it be used."""
        taken = next((answer.text for answer in self.answers if answer.id == self.fields.get(ANSWER)), "")
        return taken or str(self.fields.get("text", ""))

    @property
    def missing(self) -> str:
        """The next thing to ask for."""
        given = {"title": self.fields.get("title"), "text": self.text}
        given |= {"municipality": "municipality" in self.fields}  # "no municipality" is also an answer
        return next((step for step in STEPS if not given[step]), "")


async def enter(turn: Turn, intent: NewEntry, services: Services) -> Act:
    """Go a step towards a new entry; what is awaited and ends with a question mark is a question, as anywhere."""
    if not turn.inbound.private:
        return say(only_in_private(turn, intent))
    if turn.awaited and intent.value.endswith("?"):
        return await ask.ask(turn, Ask(intent.value), services)

    async def act(tx: Transaction) -> Say:
        await tx.records.lock()  # two editors may be at it at once: the second one finds what the first one did
        if await tx.entry_drafts.question(intent.number) is None:
            return replace(NO_SUCH, values={"number": intent.number})
        if intent.step == "discard":
            await tx.entry_drafts.put(intent.number, {})
            return Say("entry.discarded", {"number": intent.number})
        problem = await _set(tx, turn, intent, services) if intent.step in ("set", ANSWER) else None
        draft = await _read(tx, turn, intent.number, services)
        if problem or draft.missing:
            return await _ask(tx, turn, draft, problem)
        checked = _checked(draft, turn)
        if isinstance(checked, list):
            return await _ask(tx, turn, draft, fields.refused(checked[0], turn.language))
        if intent.step == "yes" and intent.value == _mark(checked.record):
            return await _publish(tx, turn, draft, checked.record, services)
        return await _shown(tx, turn, draft, checked.record, services)

    return act


async def _read(tx: Transaction, turn: Turn, number: int, services: Services) -> _Draft:
    question = await tx.entry_drafts.question(number)
    passed_on = await tx.open_questions.listed(number)
    answers = tuple(await tx.entry_drafts.answers(number)) if _may_read(turn, services) else ()
    topics = passed_on[0].topics if passed_on else ()
    return _Draft(number, question[0] if question else "", await tx.entry_drafts.get(number), answers, topics)


def _may_read(turn: Turn, services: Services) -> bool:
    """Whether what others wrote may be shown here."""
    return may_pass(turn.inbound.address.channel, DataClass.TEXT_OF_OTHERS, services.settings)


# ------------------------------------------------------------------------------------------------------------ setting


async def _set(tx: Transaction, turn: Turn, intent: NewEntry, services: Services) -> Say | None:
    """Set a field of the draft, or take an answer's text; what is wrong with it, if anything."""
    draft = await tx.entry_drafts.get(intent.number)
    if intent.step == ANSWER:
        answer = await tx.entry_drafts.answer(intent.value) if _may_read(turn, services) else None
        if answer is None or answer.question != intent.number:
            return Say("entry.no_answer")
        draft |= {ANSWER: answer.id}
    else:
        if intent.field not in fields.OF_PROJECT:
            return fields.no_such_field(intent.field, fields.OF_PROJECT, turn.language)
        value = _valid(intent.field, intent.value, turn.language)
        if isinstance(value, Say):
            return value
        draft |= {intent.field: value}
        if intent.field == "text":
            draft.pop(ANSWER, None)
    await tx.entry_drafts.put(intent.number, draft)
    return None


def _valid(field: str, text: str, language: str) -> Say | object:
    """The value as an import would read it; what all users must not read is refused."""
    if field == "topics" and (why := fields.unknown_topics(text, (), language)):
        return why
    if why := fields.contact_data(field, text):
        return Say("edit.refused", {"field": label_of(field, language), "reason": why})
    body = fields.with_field(RecordKind.PROJECT, {"id": "-", "title": "-", "text": "-"}, field, text or "-")
    if isinstance(body, RowError):
        return fields.refused(body, language)
    return body.get(field, "") if text else ""


# ------------------------------------------------------------------------------------------------------------- asking


async def _ask(tx: Transaction, turn: Turn, draft: _Draft, problem: Say | None) -> Say:
    """The next thing that is missing; with a problem, what it is first."""
    step = draft.missing
    if not step:
        return problem or NO_SUCH
    choices = tuple(_choices(draft, step))
    values: dict[str, Value] = {
        "problem": problem or "",
        "number": draft.number,
        "question": draft.question,
        "answers": tuple(Say("entry.answer", {"text": answer.text}) for answer in draft.answers),
        "hint": Say("entry.use_answer") if draft.answers else "",
        "choices": tuple(choice.label for choice in choices),
    }
    commands = [choice.command for choice in choices]
    await tx.people.spoke(turn.person.id, turn.language)  # a title may be in any language
    awaits = to_text(NewEntry(draft.number, "set", step))
    await tx.people.remember(turn.context_key, None, None, commands, awaits=awaits)
    return Say(f"entry.ask_{step}", values, choices)


def _choices(draft: _Draft, step: str) -> list[Choice]:
    if step == "municipality":
        return [Choice(Say("choice.no_municipality"), NewEntry(draft.number, "set", step), numbered=True)]
    if step == "text":
        numbered = enumerate(draft.answers, start=1)
        return [
            Choice(
                Say("choice.use_answer", {"number": n}), NewEntry(draft.number, ANSWER, value=answer.id), numbered=True
            )
            for n, answer in numbered
        ]
    return []


# -------------------------------------------------------------------------------------------------- the whole, and yes


def _checked(draft: _Draft, turn: Turn) -> ValidRecord | list[RowError]:
    """The record, as an import would take it."""
    fields = {name: value for name, value in draft.fields.items() if name != ANSWER} | {"text": draft.text}
    language = str(fields.get("lang") or guess_language(draft.text) or turn.language)
    usual = {
        "record": RecordKind.PROJECT.value,
        "id": _slug(str(fields["municipality"]), str(fields["title"])),
        "lang": language,
        "topics": [bundled().label(topic, language) for topic in draft.topics if bundled().topic_of(topic)],
        "sources": [] if fields.get("url") else [SOURCE.get(language, SOURCE["de"])],
    }
    return validate(Row("", 0, usual | fields))


SOURCE = {"de": "Redaktion", "en": "Editors", "pl": "Redakcja"}  # in the language of the entry


def _slug(*parts: str) -> str:
    """An id that people can read: letters and digits of these, joined by hyphens."""
    words = fold(" ".join(parts).lower().translate(UMLAUTS)).replace(" ", "-")
    return words[:LONGEST_SLUG].strip("-") or "entry"


def _mark(record: Record) -> str:
    """Eight characters that another content would not have."""
    return hashlib.sha256(json.dumps(to_body(record), sort_keys=True).encode()).hexdigest()[:8]


async def _shown(tx: Transaction, turn: Turn, draft: _Draft, record: Record, services: Services) -> Say:
    """Show the entry as all users will read it, and ask for a yes."""
    project = _project(record)
    known = any(bundled().topic_of(topic) for topic in project.topics)
    values: dict[str, Value] = {
        "number": draft.number,
        "project": replace(in_full(in_language(project, turn.language), turn.language, tx.now.date()), choices=()),
        "topics": Say("entry.topics", {"topics": " · ".join(project.topics)}) if project.topics else "",
        "hint": "" if known else Say("entry.no_topics", {"number": draft.number}),
        "place": _place(project, services),
    }
    yes = Choice(Say("choice.publish"), NewEntry(draft.number, "yes", value=_mark(record)), numbered=True)
    discard = Choice(Say("choice.discard"), NewEntry(draft.number, "discard"))
    await offer(tx, turn, services, (yes,), consent=True)
    values["choices"] = (yes.label,)
    return Say("entry.preview", values, (yes, discard))


def _place(project: Project, services: Services) -> Value:
    """Return a hint if the search does not know the municipality: mostly a spelling mistake."""
    known = not project.municipality or services.search.snapshot.gazetteer.rows_named(project.municipality)
    return "" if known else Say("entry.unknown_place", {"place": project.municipality})


def _project(record: Record) -> Project:
    if not isinstance(record, Project):
        raise TypeError("an entry is a project")
    return record


async def _publish(tx: Transaction, turn: Turn, draft: _Draft, record: Record, services: Services) -> Say:
    """Publish the entry; tell the asker, and the person who gave the answer in it."""
    project = replace(_project(record), id=await _free_id(tx, record.id))
    await tx.records.edit(RecordKind.PROJECT, project.id, to_body(project))
    log.info("entry.published", entry=project.id, question=draft.number, editor=turn.person.id)
    show = Choice(Say("choice.show", {"title": project.title}), Show(PROJECT + project.id))
    used = next((answer for answer in draft.answers if answer.id == draft.fields.get(ANSWER)), None)
    if used and (author := await tx.people.get(used.person_id)):
        author_notice = Say("question.answer_entered", {"title": project.title}, (show,))
        notice = Notice(author_notice, f"answer entered:{used.id}")
        await tell(tx, author, notice, settings=services.settings, links=services.links)
    closed = await close(tx, turn, draft.number, project.id, services)
    return Say("entry.done", {"id": project.id, "title": project.title, "closed": closed}, (show,))


async def _free_id(tx: Transaction, wanted: str) -> str:
    """The id itself, or with a number behind it, when an entry has it or had it."""
    number, free = 1, wanted
    while await tx.records.get(RecordKind.PROJECT, free, removed=True):
        number += 1
        free = f"{wanted}-{number}"
    return free


SERVES: Serves = {NewEntry: enter}
