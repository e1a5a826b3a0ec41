"""Projects as cards that can be shown in any chat: what is public about them, nobody's data."""

from __future__ import annotations

from bot.features import Services
from bot.features.answers import entry
from bot.markup import clean
from bot.ports import Card
from bot.texts import LANGUAGES, Texts

SHORTEST = 3  # characters of a question worth searching for


async def cards_of(question: str, language: str, services: Services, texts: Texts, limit: int) -> list[Card]:
    """The sure hits of a question; nothing is stored, nobody is identified."""
    if len(question.strip()) < SHORTEST:
        return []
    found = await services.search.ask([question], fallback=language if language in LANGUAGES else None, limit=limit)
    answer = found.answer
    cards = []
    for hit in answer.hits:
        project = hit.project
        facts = (project.municipality, project.status, project.funding_round)
        document = texts.render(entry(hit, answer.language, place=True), answer.language)
        cards.append(Card(project.id, clean(project.title), clean(" · ".join(filter(None, facts))), document))
    return cards
