"""Open questions that the knowledge answers now: editors see it in their list and are told; with their yes, the asker.

Only a record that is newer than the question counts: what was there already did not help its asker.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.channels.policy import DataClass
from bot.commands.editors import Questions
from bot.context import Services
from bot.features.editors.corrections import LISTED, editors
from bot.messages import Choice, Say
from bot.outgoing.notify import Notice, tell
from knowledge_base.model import Project, RecordKind
from knowledge_base.store.answers import OpenQuestion
from knowledge_base.store.transaction import Transaction

REVIEWED = "open questions reviewed"  # the revision of the knowledge that they were last compared with


async def answered_now(services: Services, questions: Sequence[OpenQuestion]) -> dict[int, Project]:
    """Return the best project for each question that the search answers now, and could not when it was asked."""
    found: dict[int, Project] = {}
    for question in questions:
        if question.text == LISTED:
            continue
        answer = (await services.search.ask([question.text], fallback=question.language, limit=1)).answer
        if answer.answered and answer.hits:
            found[question.number] = answer.hits[0].project
    async with services.store.read() as tx:
        asked = {question.number: question.last_at for question in questions}
        records = {number: await tx.records.get(RecordKind.PROJECT, project.id) for number, project in found.items()}
    return {number: found[number] for number, stored in records.items() if stored and stored.updated_at > asked[number]}


def choice_of(number: int, project: Project) -> Choice:
    """Return the choice to close a question with a project, which tells its askers."""
    return Choice(Say("choice.answered_by", {"number": number, "title": project.title}), Questions(number, project.id))


async def review(services: Services) -> None:
    """When the knowledge has changed, tell the editors which questions that people wait for it answers now."""
    revision = services.search.revision
    async with services.store.read() as tx:
        if revision < 0 or await tx.facts.get(REVIEWED) == revision:
            return
        questions = [q for q in await tx.answers.open_questions(limit=100) if await tx.open_questions.waiting(q.number)]
    answered = await answered_now(services, questions)
    async with services.store.begin() as tx:
        for question in questions:
            if project := answered.get(question.number):
                await _tell_editors(tx, services, question, project)
        await tx.facts.put(REVIEWED, revision)


async def _tell_editors(tx: Transaction, services: Services, question: OpenQuestion, project: Project) -> None:
    values: dict[str, str | int] = {
        "number": question.number, "question": question.text, "title": project.title, "id": project.id,
    }  # fmt: skip
    say = Say("questions.answered_now", values, (choice_of(question.number, project),))
    for editor in await editors(tx, services):
        key = f"answered now:{question.number}:{project.id}:{editor.id}"
        notice = Notice(say, key, about=DataClass.PUBLIC)
        await tell(tx, editor, notice, settings=services.settings, links=services.links)
