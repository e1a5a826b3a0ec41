"""Those who wait for an answer to their question are told: of answers, and of its end."""

from __future__ import annotations

from bot.data_policy import DataClass
from bot.features import Services
from bot.messages import Choice, Say, Value
from bot.notices import Notice, tell
from knowledge_base.store.consents import What
from knowledge_base.store.open_questions import Asked
from knowledge_base.store.transaction import Transaction


async def answer(tx: Transaction, services: Services, asked: Asked, text: str, replier: str, key: str) -> bool:
    """Give an answer to each of them, without whose it is; ``False``: it can reach nobody. ``key`` makes it unique.

    Who never wants to hear from this person again does not.
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
        values: dict[str, Value] = {"question": question, "text": text, "from": origin}
        notice = Notice(Say("question.answer", values), f"{key}:{person_id}", about=DataClass.TEXT_OF_OTHERS)
        reached |= await tell(tx, person, notice, settings=services.settings, links=services.links) is not None
    return reached


async def over(tx: Transaction, services: Services, number: int, key: str, *, title: str = "", show: str = "") -> int:
    """Editors have dealt with a question: each who waited hears of it, once, and their consent ends; how many.

    ``title`` and ``show`` are of the project that answers it now, and the command that shows it.
    """
    waiting = await tx.open_questions.waiting(number)
    for person_id, question in waiting.items():
        if person := await tx.people.get(person_id):
            choices = (Choice(Say("choice.show", {"title": title}), show),) if show else ()
            values = {"question": question, "title": title}
            notice = Notice(
                Say("question.entered", values, choices) if title else Say("question.closed", values),
                f"{key}:{person_id}",
                about=DataClass.OWN,
            )
            await tell(tx, person, notice, settings=services.settings, links=services.links)
        await tx.open_questions.drop(number, person_id, What.ENDED)
    return len(waiting)
