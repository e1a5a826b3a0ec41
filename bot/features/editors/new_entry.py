"""A new entry, written by an editor step by step, seen whole, and published with a yes to just that.

new, or questions new NUMBER -> title -> municipality -> text, or an answer that may be used -> the whole -> yes

A draft of a question or a user's proposal belongs to all editors. The yes names a mark of what was shown: when anything
of it has changed since, it is shown again. Nothing of the question itself goes into the entry but its topics.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import structlog

from bot.commands import to_text
from bot.commands.command import fold as folded
from bot.commands.editing import reference_of
from bot.commands.editors import NewEntry
from bot.commands.field_words import label_of
from bot.commands.search import PROJECT, Ask, Show
from bot.context import Act, Serves, Services, Turn, say
from bot.features.dialog import CANCEL, only_in_private
from bot.features.editors import drafts, fields
from bot.features.editors.changes import store_change
from bot.features.editors.drafts import ANSWER, EntryDraft
from bot.features.editors.elsewhere import send_elsewhere
from bot.features.search import ask
from bot.features.search.details import in_full
from bot.features.talk import offer
from bot.messages import Choice, Say, Value
from knowledge_base.codec import to_body
from knowledge_base.ingest.row import Row, RowError
from knowledge_base.ingest.validation import ValidRecord, validate
from knowledge_base.language.detect import guess_language
from knowledge_base.model import Project, Record, RecordKind
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language
from knowledge_base.vocabulary import bundled, fold

log = structlog.get_logger(__name__)

UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"})
LONGEST_SLUG = 60  # characters of an id that say what it is about
NO_SUCH = Say("questions.no_such")
SOURCE = {"de": "Redaktion", "en": "Editors", "pl": "Redakcja"}  # in the language of the entry


async def enter(turn: Turn, intent: NewEntry, services: Services) -> Act:
    """Go a step towards a new entry; what is awaited and ends with a question mark is a question, as anywhere."""
    if not turn.inbound.private:
        return say(only_in_private(turn, intent))
    if turn.awaited and intent.value.endswith("?"):
        return await ask.ask(turn, Ask(intent.value), services)

    async def act(tx: Transaction) -> Say:
        await tx.records.lock()  # two editors may be at it at once: the second one finds what the first one did
        begun = intent
        if intent.candidate and not intent.number:
            begun = replace(intent, number=await drafts.begin(tx, turn))
        draft = await drafts.load(tx, turn, begun, services)
        if draft is None:
            return replace(NO_SUCH, values={"number": begun.number})
        if begun.step == "discard" or (turn.awaited and folded(begun.value) in CANCEL):
            return await drafts.discard(tx, draft)
        problem = await _set(tx, turn, draft, begun) if begun.step in ("set", ANSWER) else None
        draft = await drafts.load(tx, turn, begun, services) or draft
        return await _go_on(tx, turn, draft, begun, problem, services)

    return act


async def _go_on(
    tx: Transaction, turn: Turn, draft: EntryDraft, intent: NewEntry, problem: Say | None, services: Services
) -> Say:
    """Ask for what is missing; else show the whole, or publish it."""
    if problem or draft.missing:
        return await _ask(tx, turn, draft, problem, services)
    checked = _checked(draft, turn)
    if isinstance(checked, list):
        return await _ask(tx, turn, draft, fields.refused(checked[0], turn.language), services)
    if intent.step == "yes" and intent.value == _mark(checked.record):
        return await _publish(tx, turn, draft, checked.record, services)
    return await _shown(tx, turn, draft, checked.record, services)


# ------------------------------------------------------------------------------------------------------------ setting


async def _set(tx: Transaction, turn: Turn, draft: EntryDraft, intent: NewEntry) -> Say | None:
    """Set a field of the draft, or take an answer's text; what is wrong with it, if anything."""
    after = dict(draft.fields)
    if intent.step == ANSWER:
        if intent.value not in {answer.id for answer in draft.answers}:
            return Say("entry.no_answer")
        after |= {ANSWER: intent.value}
    else:
        if intent.field not in fields.OF_PROJECT:
            return fields.no_such_field(intent.field, fields.OF_PROJECT, turn.language)
        value = valid_value(intent.field, intent.value, turn.language)
        if isinstance(value, Say):
            return value
        after |= {intent.field: value}
        if intent.field == "text":
            after.pop(ANSWER, None)
    await drafts.put(tx, draft, after)
    return None


def valid_value(field: str, text: str, language: str) -> Say | object:
    """Return the value as an import would read it; or why it is refused: what not all users may read, for example."""
    if field == "topics" and (why := fields.unknown_topics(text, (), language)):
        return why
    if why := fields.contact_data(field, text):
        return Say("edit.refused", {"field": label_of(field, language), "reason": why})
    if not text:
        return ""
    body = fields.with_field(RecordKind.PROJECT, {"id": "-", "title": "-", "text": "-"}, field, text)
    return fields.refused(body, language) if isinstance(body, RowError) else body.get(field, "")


# ------------------------------------------------------------------------------------------------------------- asking


async def _ask(tx: Transaction, turn: Turn, draft: EntryDraft, problem: Say | None, services: Services) -> Say:
    """The next thing that is missing; with a problem, what it is first."""
    step = draft.missing
    if not step:
        return problem or NO_SUCH
    choices = tuple(_choices(draft, step))
    hint: Value = Say("entry.use_answer") if draft.answers else ""
    if step == "text" and draft.hidden:
        answers = tuple(Say("entry.answer", {"text": answer.text}) for answer in draft.hidden)
        hint = await send_elsewhere(tx, turn, Say("entry.answers", {"answers": answers}), services)
    values: dict[str, Value] = {
        "problem": problem or "",
        "number": draft.number,
        "about": draft.about,
        "answers": tuple(Say("entry.answer", {"text": answer.text}) for answer in draft.answers),
        "hint": hint,
        "choices": tuple(choice.label for choice in choices),
    }
    commands = [choice.command for choice in choices]
    await tx.people.spoke(turn.person.id, turn.language)  # a title may be in any language
    await tx.people.remember(turn.context_key, None, None, commands, awaits=to_text(draft.step("set", step)))
    return Say(f"entry.ask_{step}", values, choices)


def _choices(draft: EntryDraft, step: str) -> list[Choice]:
    if step == "municipality":
        return [Choice(Say("choice.no_municipality"), draft.step("set", step), numbered=True)]
    if step == "text":
        numbered = enumerate(draft.answers, start=1)
        return [
            Choice(Say("choice.use_answer", {"number": n}), draft.step(ANSWER, value=answer.id), numbered=True)
            for n, answer in numbered
        ]
    return []


# -------------------------------------------------------------------------------------------------- the whole, and yes


def _checked(draft: EntryDraft, turn: Turn) -> ValidRecord | list[RowError]:
    """The record, as an import would take it."""
    given = {name: value for name, value in draft.fields.items() if name != ANSWER} | {"text": draft.text}
    language = str(given.get("lang") or guess_language(draft.text) or turn.language)
    usual = {
        "record": RecordKind.PROJECT.value,
        "id": _slug(str(given["municipality"]), str(given["title"])),
        "lang": language,
        "topics": [bundled().label(topic, language) for topic in draft.topics if bundled().topic_of(topic)],
        "sources": [] if given.get("url") else [SOURCE.get(language, SOURCE["de"])],
    }
    return validate(Row("", 0, usual | given))


def _slug(*parts: str) -> str:
    """An id that people can read: letters and digits of these, joined by hyphens."""
    words = fold(" ".join(parts).lower().translate(UMLAUTS)).replace(" ", "-")
    return words[:LONGEST_SLUG].strip("-") or "entry"


def _mark(record: Record) -> str:
    """Eight characters that another content would not have."""
    return hashlib.sha256(json.dumps(to_body(record), sort_keys=True).encode()).hexdigest()[:8]


async def _shown(tx: Transaction, turn: Turn, draft: EntryDraft, record: Record, services: Services) -> Say:
    """Show the entry as all users will read it, with what is doubtful, and ask for a yes."""
    project = _project(record)
    known = any(bundled().topic_of(topic) for topic in project.topics)
    gazetteer = services.search.snapshot.gazetteer
    doubted = ("municipality", "title", "text", "contact_role", "status", "funding", "transferability")
    doubts = (fields.doubts(name, str(getattr(project, name)), gazetteer) for name in doubted)
    values: dict[str, Value] = {
        "number": draft.number,
        "command": draft.command,
        "project": replace(in_full(in_language(project, turn.language), turn.language, tx.now.date()), choices=()),
        "topics": Say("entry.topics", {"topics": " · ".join(project.topics)}) if project.topics else "",
        "hint": "" if known else Say("entry.no_topics", {"command": draft.command}),
        "doubts": tuple(doubt for doubt in doubts if doubt),
    }
    yes = Choice(Say("choice.publish"), draft.step("yes", value=_mark(record)), numbered=True)
    discard = Choice(Say("choice.discard"), draft.step("discard"))
    await offer(tx, turn, services, (yes,), consent=True)
    values["choices"] = (yes.label,)
    return Say("entry.preview", values, (yes, discard))


def _project(record: Record) -> Project:
    if not isinstance(record, Project):
        raise TypeError("an entry is a project")
    return record


async def _publish(tx: Transaction, turn: Turn, draft: EntryDraft, record: Record, services: Services) -> Say:
    """Publish the entry; tell the people who asked for it or gave something to it."""
    project = replace(_project(record), id=await _free_id(tx, record.id))
    await store_change(tx, turn, RecordKind.PROJECT, project.id, {}, to_body(project))
    log.info("entry.published", entry=project.id, number=draft.number, editor=turn.person.id)
    show = Choice(Say("choice.show", {"title": project.title}), Show(PROJECT + project.id))
    over = await drafts.finish(tx, turn, draft, project, services)
    values: dict[str, Value] = {
        "id": project.id,
        "title": project.title,
        "closed": over,
        "ref": reference_of(project.id),
    }
    return Say("entry.done", values, (show,))


async def _free_id(tx: Transaction, wanted: str) -> str:
    """The id itself, or with a number behind it, when an entry has it or had it."""
    number, free = 1, wanted
    while await tx.records.get(RecordKind.PROJECT, free, removed=True):
        number += 1
        free = f"{wanted}-{number}"
    return free


SERVES: Serves = {NewEntry: enter}
