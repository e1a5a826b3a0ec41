"""Which of the records shown a text means: by number, ordinal, town or title; else the one in focus. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from bot.commands.command import fold
from bot.commands.router import ORDINALS
from knowledge_base.model import Project
from knowledge_base.search.understanding import Query

# Numbers as words, folded; Polish and German by their beginnings, as they are inflected.
NUMBER_WORDS: Mapping[str, int] = {
    word: number
    for number, words in enumerate(
        ("eins one jeden", "zwei two dwa", "drei three trzy", "vier four cztery", "fuenf five piec"), start=1
    )
    for word in words.split()
}
BEFORE_NUMBER = r"(?:nummer|nr|no|number|numer|#|option|punkt|point|opcja|projekt|project|treffer|hit|wynik|wpis|zu|to)"
INFLECTED = "[nrsm]?|i?(?:y|a|e|i|ego|emu|ej|m|ym|im|ych|ich)?"  # of an ordinal in German or Polish
LAST = -1
LEAST_TITLED = 0.5  # share of the words that name a record
LEAST_WORD = 4  # letters of a word that can name one
FAR_BETTER = 0.35  # of the search's sum, 0 … 1: a description, rather than a word about the one in focus


def number_in(text: str, count: int) -> int | None:
    """Return the number from 1 on that a text names among ``count`` shown; ``None``: it names none of them."""
    words = re.findall(r"\w+|#", fold(text))
    if match := re.search(rf"(?:^|\s){BEFORE_NUMBER}\.?\s*#?\s*(\d{{1,2}})\b", fold(text)):
        return _within(int(match[1]), count)
    for word in words:
        if (position := _ordinal(word)) is not None:
            return _within(count if position == LAST else position, count)
    numbers = [int(word) for word in words if word.isdecimal() and len(word) <= 2]
    numbers += [NUMBER_WORDS[word] for word in words if word in NUMBER_WORDS and len(words) <= LEAST_WORD]
    return _within(numbers[0], count) if len(numbers) == 1 and len(words) <= 2 * LEAST_WORD else None


def _within(number: int, count: int) -> int | None:
    return number if 1 <= number <= count else None


def _ordinal(word: str) -> int | None:
    for _, stems in ORDINALS.values():
        for position, stem in enumerate(stems, start=1):
            if re.fullmatch(rf"{stem}(?:{INFLECTED})", word):
                return LAST if position == len(stems) else position
    return None


def towns_of(project: Project) -> set[str]:
    """Return the names of the municipalities of a project."""
    return {project.municipality, *project.members} - {""}


def named_by(query: Query, projects: Sequence[Project]) -> list[Project]:
    """Return the projects of the town that a text names; of the town named last, if it names several."""
    for name in reversed((*query.understood.near, *query.understood.municipalities)):
        if of_town := [project for project in projects if name in towns_of(project)]:
            return of_town
    return []


def titled(text: str, project: Project) -> float:
    """Return the share of the words of a text that the titles of a project hold."""
    said = long_words(text)
    return len(said & title_words(project)) / len(said) if said else 0.0


def title_words(project: Project) -> set[str]:
    """Return the words of the titles of a project, in all languages, that can name it."""
    return long_words(" ".join((project.title, *(texts.get("title", "") for texts in project.translations.values()))))


def long_words(text: str) -> set[str]:
    """Return the folded words of a text that can name something."""
    return set(re.findall(rf"\w{{{LEAST_WORD},}}", fold(text)))


def record_named(text: str, query: Query, shown: Sequence[Project], focus: Project | None) -> Project | None:
    """Return the record that a text names by number, title or town, among those shown; ``None``: it names none."""
    number = number_in(text, len(shown))
    if number is not None:
        return shown[number - 1]
    pool = pool_of(shown, focus)
    of_town = named_by(query, pool)
    best = max(of_town or pool, key=lambda project: titled(text, project), default=None)
    if best is not None and titled(text, best) >= LEAST_TITLED:
        return best
    own = [project for project in of_town or pool if long_words(" ".join(query.subject)) & title_words(project)]
    if len(own) == 1:  # a word of the text stands in one title only
        return own[0]
    return of_town[0] if of_town else None


def pool_of(shown: Sequence[Project], focus: Project | None) -> list[Project]:
    """Return the records that can be meant, the one in focus first."""
    return [*([focus] if focus else []), *(project for project in shown if project is not focus)]


def described(scores: Mapping[str, float], pool: Sequence[Project], focus: Project | None) -> Project | None:
    """Return the record that a text describes: another one than that in focus only if it fits far better."""
    best = max(pool, key=lambda project: scores.get(project.id, 0.0), default=None)
    if best is None or focus is None or best is focus:
        return focus or best
    ahead = scores.get(best.id, 0.0) - scores.get(focus.id, 0.0)
    return best if ahead >= FAR_BETTER else focus
