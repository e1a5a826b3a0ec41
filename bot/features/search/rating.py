"""Was an answer, or an entry of it, useful?"""

from __future__ import annotations

from bot.commands.command import number_of
from bot.commands.ratings import Rate
from bot.commands.search import QUESTION, Show, is_number
from bot.context import Act, Serves, Services, Turn, say
from bot.features.search.ask import pick
from bot.messages import Say
from knowledge_base.model import RecordKind
from knowledge_base.store.transaction import Transaction


async def rate(turn: Turn, intent: Rate, services: Services) -> Act:
    """Note whether an answer helped, without an id the last one; or an entry, by its number or its key."""
    useful, answer_id = intent.useful, intent.answer
    if is_number(answer_id):
        picked = await pick(turn, int(answer_id), services)
        answer_id = picked.entry if isinstance(picked, Show) else ""
        if not answer_id:
            return say(Say("rate.nothing"))
    if not answer_id:
        answer_id = (turn.context.answer_id if turn.context else None) or ""

    async def act(tx: Transaction) -> Say:
        known = await note_rating(tx, answer_id, turn.person.id, useful)
        return Say(f"rate.{'useful' if useful else 'useless'}") if known else Say("rate.nothing")

    return act


async def note_rating(tx: Transaction, key: str, person_id: str, useful: bool) -> bool:
    """Note that an answer (by its id) or an entry (by its key) was useful or not; ``False``: there is no such."""
    if ":" in key:
        kind, _, record_id = key.partition(":")
        if key.startswith(QUESTION) and await tx.open_questions.listed(number_of(record_id)):
            await tx.digests.rate(key, person_id, useful)
            return True
        if kind not in set(RecordKind) or await tx.records.get(RecordKind(kind), record_id) is None:
            return False
        await tx.digests.rate(key, person_id, useful)
        return True
    if not key or await tx.answers.shown(key) is None:
        return False
    await tx.answers.rate(key, person_id, useful)
    return True


SERVES: Serves = {Rate: rate}
