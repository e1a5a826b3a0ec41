"""For editors: list questions without an answer and correct records from the chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.commands.editors import Edit, Questions, Remove
from bot.context import Act, Serves, Services, Turn
from bot.features.digests.wishes import topics_of
from bot.features.open_questions import closing
from bot.features.wording import named
from bot.messages import Choice, Reach, Say
from knowledge_base.codec import Body, to_body
from knowledge_base.ingest.row import Row, RowError
from knowledge_base.ingest.validation import validate
from knowledge_base.model import PERSONAL_FIELDS, Project, RecordKind
from knowledge_base.store.records import StoredRecord
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled

FEEDBACK_PERIOD = timedelta(days=30)
MIN_PEOPLE = 5  # fewer could be recognised
MOST_SHOWN = 200  # characters of what was not understood
ADDRESSES = PERSONAL_FIELDS | {"url", "sources", "source"}
EDITABLE = (
    "title", "text", "municipality", "members", "state", "kind", "topics", "funding_round", "status", "period",
    "contact_role", "transferability", "funding", "url", "sources", "licence", "as_of", "checked", "lang",
)  # fmt: skip


async def questions(turn: Turn, intent: Questions, services: Services) -> Act:
    """Questions that found nothing sure, and whether answers helped; or close a question."""

    async def act(tx: Transaction) -> Say:
        if intent.number is not None:
            if intent.topics:
                return await _name_topics(tx, turn, intent.number, intent.topics)
            return await close(tx, turn, intent.number, intent.entry, services)
        open_questions = await tx.answers.open_questions()
        passed, nameless = await tx.open_questions.answers(), await tx.open_questions.without_topics()
        offered = await tx.entry_drafts.counts()
        count = await tx.answers.feedback(FEEDBACK_PERIOD)
        echo = {"useful": count.useful, "useless": count.not_useful, "days": FEEDBACK_PERIOD.days}
        feedback = Say("questions.feedback", echo) if count.people >= MIN_PEOPLE else Say("questions.few_feedback")
        entries = tuple(
            Say("questions.entry", {
                "number": q.number, "text": q.text, "times": q.times, "language": q.language,
                "passed": Say("questions.passed_on", {"answers": passed[q.number]}) if q.number in passed else "",
                "offered": Say("questions.offered", {"count": offered[q.number]}) if q.number in offered else "",
                "topics": Say("questions.without_topics", {"number": q.number}) if q.number in nameless else "",
            })
            for q in open_questions
        )  # fmt: skip
        return Say("questions" if open_questions else "questions.none", {"entries": entries, "feedback": feedback})

    return act


async def _name_topics(tx: Transaction, turn: Turn, number: int, text: str) -> Say:
    """Set the topics of a question that its words do not show: so its readers find it in their digests."""
    topics, unknown = topics_of(text, bundled())
    if not topics or unknown:
        return Say("subscribe.unknown_topic", {"words": ", ".join(unknown)[:MOST_SHOWN] or text[:MOST_SHOWN]})
    if not await tx.open_questions.name_topics(number, topics):
        return Say("questions.no_such", {"number": number})
    return Say("questions.topics_named", {"number": number, "topics": named(topics, turn.language)})


async def close(tx: Transaction, turn: Turn, number: int, entry: str, services: Services) -> Say:
    """Close a question, or name the project that answers it now; who passed it on is told."""
    stored = await tx.records.get(RecordKind.PROJECT, entry) if entry else None
    if entry and not (stored and isinstance(stored.record, Project)):
        return Say("edit.not_found", {"id": entry})
    if not await tx.answers.close_question(number):
        return Say("questions.no_such", {"number": number})
    project = stored.record if stored and isinstance(stored.record, Project) else None
    people = await closing.over(tx, services, number, f"question over:{turn.reply_id}", project=project)
    return Say("questions.closed_and_told" if people else "questions.closed", {"number": number, "people": people})


async def edit_project(intent: Edit) -> Act:
    """Show the fields of a project, or set one; an empty value clears it."""

    async def act(tx: Transaction) -> Say:
        await tx.records.lock()
        stored = await tx.records.get(RecordKind.PROJECT, intent.record)
        if not intent.field:
            return fields(stored, EDITABLE) if stored else Say("edit.not_found", {"id": intent.record})
        if intent.field not in EDITABLE:
            return Say("edit.no_such_field", {"field": intent.field, "fields": ", ".join(EDITABLE)})
        if stored is None:
            return Say("edit.not_found", {"id": intent.record})
        after = with_field(RecordKind.PROJECT, stored.body, intent.field, intent.value)
        if isinstance(after, RowError):
            return refused(after)
        changed = await tx.records.edit(RecordKind.PROJECT, intent.record, after)
        return Say("edit.done" if changed else "edit.same", {"id": intent.record, "field": intent.field})

    return act


async def remove(_turn: Turn, intent: Remove, _services: Services) -> Act:
    """Take a project out, after asking back."""

    async def act(tx: Transaction) -> Say:
        stored = await tx.records.get(RecordKind.PROJECT, intent.record)
        if stored is None or not isinstance(stored.record, Project):
            return Say("edit.not_found", {"id": intent.record})
        if not intent.confirmed:
            quoted = f'"{intent.record}"' if " " in intent.record else intent.record
            confirm = Choice(Say("choice.remove"), replace(intent, confirmed=True))
            return Say("remove.sure", {"id": quoted, "title": stored.record.title}, (confirm,))
        await tx.records.remove([(RecordKind.PROJECT, intent.record)])
        return Say("remove.done", {"id": intent.record})

    return act


def fields(stored: StoredRecord, names: Sequence[str]) -> Say:
    """Those of a record's fields, and which of them editors changed."""
    entries = tuple(
        Say(
            "edit.field_edited" if name in stored.edited_fields else "edit.field",
            {
                "field": name,
                "value": _shown(name, " | ".join(map(str, value)) if isinstance(value, list) else str(value)),
            },
        )
        for name in names
        if (value := stored.body.get(name)) is not None
    )
    return Say("edit.fields", {"id": stored.id, "entries": entries, "source": stored.source})


def _shown(name: str, text: str) -> Reach | str:
    """Return an address so that an editor can copy it; other text may be a user's, and must not become a link."""
    return Reach(text, linked=False) if name in ADDRESSES else text


def with_field(kind: RecordKind, body: Mapping[str, Any], field: str, text: str) -> Body | RowError:
    """Return the body with a field set from typed text, checked as an import would; lists are written with ``|``.

    The field's translations go with the text that they translated.
    """
    row = Row("", 0, {**body, "record": kind.value, field: text or None})
    checked = validate(row)
    if isinstance(checked, list):
        return checked[0]
    after = to_body(checked.record)
    return after if after.get(field) == body.get(field) else _without_translations(after, field)


def _without_translations(body: Body, field: str) -> Body:
    kept = {
        language: {name: text for name, text in texts.items() if name != field}
        for language, texts in body.get("translations", {}).items()
    }
    rest = {name: value for name, value in body.items() if name != "translations"}
    kept = {language: texts for language, texts in kept.items() if texts}
    return rest | ({"translations": kept} if kept else {})


def refused(error: RowError) -> Say:
    """Return why a value that an editor typed cannot be taken, and what to write instead."""
    reason = Say(f"edit.refused.{error.key}", dict(error.values)) if error.key else f"{error.reason} {error.remedy}"
    return Say("edit.refused", {"field": error.field, "reason": reason})


SERVES: Serves = {Questions: questions, Remove: remove}
