"""For editors: list questions without an answer, and close them."""

from __future__ import annotations

from datetime import timedelta

from bot.commands.editors import Questions
from bot.context import Act, Serves, Services, Turn
from bot.features.digests.wishes import topics_of
from bot.features.editors.answered import answered_now, choice_of
from bot.features.open_questions import closing
from bot.features.wording import date_in_words, named
from bot.messages import Say, Value
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.transaction import Transaction
from knowledge_base.vocabulary import bundled
from knowledge_base.working_days import BERLIN

FEEDBACK_PERIOD = timedelta(days=30)
MIN_PEOPLE = 5  # fewer could be recognised
MOST_SHOWN = 200  # characters of what was not understood


async def questions(turn: Turn, intent: Questions, services: Services) -> Act:
    """Questions that found nothing sure, and whether answers helped; or close a question."""

    if intent.number is None:
        return await _list(turn, services)
    number = intent.number

    async def act(tx: Transaction) -> Say:
        if intent.topics:
            return await _name_topics(tx, turn, number, intent.topics)
        return await close(tx, turn, number, intent.entry, services)

    return act


async def _list(turn: Turn, services: Services) -> Act:
    """Return what lists the open questions with their dates, and the projects that answer them now."""
    async with services.store.read() as reading:
        open_questions = await reading.answers.open_questions()
    answered = await answered_now(services, open_questions)

    async def act(tx: Transaction) -> Say:
        passed, nameless = await tx.open_questions.answers(), await tx.open_questions.without_topics()
        offered = await tx.entry_drafts.counts()
        count = await tx.answers.feedback(FEEDBACK_PERIOD)
        echo = {"useful": count.useful, "useless": count.not_useful, "days": FEEDBACK_PERIOD.days}
        feedback = Say("questions.feedback", echo) if count.people >= MIN_PEOPLE else Say("questions.few_feedback")
        entries = tuple(
            Say("questions.entry", {
                "number": q.number, "text": q.text, "times": q.times, "language": q.language,
                "date": date_in_words(q.last_at.astimezone(BERLIN).date(), turn.language),
                "passed": Say("questions.passed_on", {"answers": passed[q.number]}) if q.number in passed else "",
                "offered": Say("questions.offered", {"count": offered[q.number]}) if q.number in offered else "",
                "topics": Say("questions.without_topics", {"number": q.number}) if q.number in nameless else "",
                "known": _known(q.number, answered[q.number]) if q.number in answered else "",
            })
            for q in open_questions
        )  # fmt: skip
        choices = tuple(choice_of(number, project) for number, project in answered.items())
        values: dict[str, Value] = {"entries": entries, "feedback": feedback}
        return Say("questions" if open_questions else "questions.none", values, choices)

    return act


def _known(number: int, project: Project) -> Say:
    return Say("questions.known", {"number": number, "title": project.title, "id": project.id})


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


SERVES: Serves = {Questions: questions}
