"""Projects as cards that can be shown in any chat: public data only, no personal data.

The limits of the chat hold here as well, counted for the same person: searches per hour and different projects per day.
Networks ask at each pause in typing, so a text that only goes on from the one before counts as the same question.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic

from bot.channels.port import Card, Cards
from bot.context import Services
from bot.features.search import daily_limit, rate_limit
from bot.features.search.ask import translated
from bot.features.search.hits import entry
from bot.features.wording import facts_of
from bot.messages import Say
from bot.messages.markup import clean
from bot.texts import DEFAULT_LANGUAGE, LANGUAGES, Texts
from knowledge_base.model import Answer
from knowledge_base.store.people import Person
from knowledge_base.store.transaction import Transaction
from knowledge_base.translations import in_language

SHORTEST = 3  # characters of a question worth searching for
TYPING_S = 10.0  # a longer pause ends a question
STEPS = 10  # searches of one question that is being typed
TYPISTS = 1_000  # remembered at once


@dataclass(frozen=True, slots=True)
class Asker:
    """The account that asks."""

    channel: str
    user: str

    @property
    def identity(self) -> str:
        """The form in which limits know it."""
        return f"{self.channel}:{self.user}"


class Typing:
    """Knows which text only goes on from the one before, by account."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._last: OrderedDict[str, tuple[str, float, int]] = OrderedDict()

    def goes_on(self, who: str, text: str) -> bool:
        """Note the text, and return whether it belongs to the question before."""
        now, text = self._clock(), text.casefold()
        before, at, steps = self._last.pop(who, ("", now, STEPS))
        same = steps < STEPS and now - at < TYPING_S and goes_on(before, text)
        self._last[who] = (text, now, steps + 1 if same else 1)
        if len(self._last) > TYPISTS:
            self._last.popitem(last=False)
        return same


def goes_on(before: str, text: str) -> bool:
    """Return whether letters were added at the end of a text, or taken away there."""
    return before != text and (text.startswith(before) or before.startswith(text))


async def cards_of(
    asker: Asker, question: str, language: str, services: Services, texts: Texts, typing: Typing, limit: int
) -> Cards:
    """Return the sure hits of a question, or why the asker gets none now; of the question nothing is stored."""
    question = question.strip()
    if len(question) < SHORTEST:
        return Cards()
    same = typing.goes_on(asker.identity, question)
    async with services.store.read() as tx:  # a refusal costs neither a search nor a write
        person, who = await _known(tx, asker)
        refused = await _refused(tx, services, person, who, same=same)
    language = (person and person.language) or (language if language in LANGUAGES else DEFAULT_LANGUAGE)
    if refused is None:
        result = await services.search.ask([question], fallback=language, limit=limit)
        async with services.store.begin() as tx:
            answer = await translated(tx, services, result.answer, result.answer.language)
            made = _made(answer, texts)
            person, who = await _known(tx, asker)
            refused = await _refused(tx, services, person, who, same=same)
            if refused is None:
                return Cards(await _counted(tx, services, asker, who, made, same=same))
    hourly = refused.key == rate_limit.EXHAUSTED
    return Cards(note=texts.line(Say("inline.questions" if hourly else "inline.projects", refused.values), language))


async def _known(tx: Transaction, asker: Asker) -> tuple[Person | None, list[str]]:
    """The person of the account, if there is one, and all identities that count together."""
    person = await tx.people.of_account(asker.channel, asker.user)
    return person, sorted({*(await tx.tallies.identities(person.id) if person else ()), asker.identity})


async def _refused(
    tx: Transaction, services: Services, person: Person | None, who: list[str], *, same: bool
) -> Say | None:
    if not same and (refused := await rate_limit.refusal(tx, services, person.id if person else None, who)):
        return refused
    return await daily_limit.refusal(tx, services, who)


async def _counted(
    tx: Transaction, services: Services, asker: Asker, who: list[str], made: tuple[Card, ...], *, same: bool
) -> tuple[Card, ...]:
    """The cards that may be shown, counted."""
    shown = made[: await daily_limit.left_for(tx, services, who)]
    if not same:
        await rate_limit.count(tx, services, who)
    key = f"inline:{tx.now.isoformat()}"
    await daily_limit.note_shown(tx, services, who, asker.channel, key, [card.id for card in shown])
    return shown


def _made(answer: Answer, texts: Texts) -> tuple[Card, ...]:
    cards = []
    for hit in answer.hits:
        reading = in_language(hit.project, answer.language)
        facts = facts_of(reading, answer.language)
        document = texts.render(entry(hit, answer.language), answer.language)
        cards.append(Card(hit.project.id, clean(reading.project.title), clean(" · ".join(facts)), document))
    return tuple(cards)
