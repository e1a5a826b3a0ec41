"""Tell the askers of an open question about answers and about its end."""

from __future__ import annotations

from datetime import timedelta

from bot.channels.policy import DataClass
from bot.commands.search import PROJECT, Show
from bot.context import Services
from bot.messages import Choice, Say, Value
from bot.outgoing.notify import Notice, tell
from bot.texts import DEFAULT_LANGUAGE
from knowledge_base.model import Project
from knowledge_base.store.consents import ConsentAction
from knowledge_base.store.open_questions import ANSWERED, Asked
from knowledge_base.store.people import Person
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language


async def answer(tx: Transaction, services: Services, asked: Asked, text: str, replier: str, reply_id: str) -> bool:
    """Give an answer to each asker, without the name of its author; return ``False`` if it can reach none of them.

    An asker who blocked this person gets nothing. ``reply_id``, the message to the author, makes it
    unique; with it an asker can say that they want no more from there.
    """
    verified = (await tx.profiles.get(replier)).is_verified(tx.now)
    origin = Say("question.from_verified" if verified else "question.from_somebody")
    reached = False
    for person_id, question in (await tx.open_questions.waiting(asked.number)).items():
        if await tx.blocks.has(services.secret, person_id, replier):
            continue
        person = await tx.people.get(person_id)
        if person is None:
            continue
        values: dict[str, Value] = {"question": question, "text": text, "from": origin, "id": reply_id}
        key = f"{ANSWERED}{reply_id}:{person_id}"
        notice = Notice(Say("question.answer", values), key, about=DataClass.TEXT_OF_OTHERS)
        reached |= await tell(tx, person, notice, settings=services.settings, links=services.links) is not None
    return reached


async def over(tx: Transaction, services: Services, number: int, key: str, *, project: Project | None = None) -> int:
    """Editors have dealt with a question: each who waited hears of it, once, and their consent ends; how many.

    ``project`` answers it now.
    """
    waiting = await tx.open_questions.waiting(number)
    for person_id, question in waiting.items():
        if person := await tx.people.get(person_id):
            say = _entered(project, question, person) if project else Say("question.closed", {"question": question})
            notice = Notice(say, f"{key}:{person_id}", about=DataClass.OWN)
            await tell(tx, person, notice, settings=services.settings, links=services.links)
        await tx.open_questions.drop(number, person_id, ConsentAction.ENDED)
    await tx.entry_drafts.close(number)
    return len(waiting)


def _entered(project: Project, question: str, person: Person) -> Say:
    """Return that a project answers a question now, with its title in the language of the person who asked."""
    language = person.language or person.last_language or DEFAULT_LANGUAGE
    title = in_language(project, language).project.title
    show = Choice(Say("choice.show", {"title": title}), Show(PROJECT + project.id))
    return Say("question.entered", {"question": question, "title": title}, (show,))


async def expire(services: Services) -> None:
    """Close questions after their period and tell each asker once."""
    period = timedelta(days=services.settings.retention.unanswered_days)
    async with services.store.read() as tx:
        if not await tx.open_questions.outlasting(period, limit=1):
            return
    async with services.store.begin() as tx:
        for number, person_id, question in await tx.open_questions.outlasting(period):
            if person := await tx.people.get(person_id):
                say = Say("question.expired", {"question": question, "days": period.days})
                notice = Notice(say, f"question expired:{number}:{person_id}:{tx.now:%Y%m%d}", about=DataClass.OWN)
                await tell(tx, person, notice, settings=services.settings, links=services.links)
            await tx.open_questions.drop(number, person_id, ConsentAction.ENDED)
