"""The reading of one question, standing alone, as a ``Query``. Pure; any string is safe."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from knowledge_base.language.tokens import STOP_WORDS
from knowledge_base.model import Understood
from knowledge_base.places.gazetteer import Gazetteer, Mention, PlaceKind
from knowledge_base.places.words import Word, clean, fold, words_of
from knowledge_base.search.understanding import phrases
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.search.understanding.place_roles import place_roles
from knowledge_base.search.understanding.query import Query

_STOP = {language: frozenset(map(fold, words)) for language, words in STOP_WORDS.items()}
_ANY_STOP = frozenset().union(*_STOP.values())
_POPULATION = re.compile(
    r"(?<!\S)(\d{1,3}(?:[ .,]?\d{3})?) ?(tsd|tausend|thousand|k|tys)? ?"
    r"(?:einwohner\w*|ew|inhabitants|people|residents|mieszkanc\w*)(?!\S)"
)
_CLAUSE_END = re.compile(r"[,;:.?!–—\n]")
_LONGEST_UNWANTED = 2
_PROJECT_OF = re.compile(
    r"(?<=\w{4})(?:s|-)?(?:projekt(?:en?|s)?|vorhaben|maßnahmen?|initiativen?)$", re.IGNORECASE
)  # "Energieprojekte"
_SMALL = 20_000  # inhabitants: what German statistics calls a Kleinstadt ends there


def understand(question: str, language: str, gazetteer: Gazetteer, lexicon: Lexicon) -> Query:
    """Read places, topics, rounds, years, status and the kind of answer wanted out of ``question``."""
    text = clean(question)
    words = words_of(text)
    folded, starts = _joined(words)
    mentions = gazetteer.find(words, language)
    role = bool(phrases.ROLE.search(folded))
    place = place_roles(text, words, mentions, role)
    limiting = (*place.near, *place.at)
    rows = _rows(place.at)
    placed = {number for mention in mentions for number in range(mention.first, mention.last)}
    topics = lexicon.find(words, language, placed, _ordinary(words, starts, folded))
    rounds = lexicon.rounds_in(folded)
    years = phrases.years(text)
    listing = bool(phrases.LISTING.search(folded) or rounds) and not phrases.DEFINITION.fullmatch(folded)
    said = tuple(name for name, pattern in phrases.STATUS.items() if pattern.search(folded))
    status = () if phrases.ABOUT_ONE.match(folded) else said
    if listing and not rounds:
        rounds = tuple((name, 0, 0) for year in years for name in lexicon.rounds_of_year(year))
    spans = [(start, end) for _, start, end in rounds] + list(_spans(folded, said))
    unwanted = _unwanted(text, words, starts, folded, placed)
    kept = _kept(words, starts, placed | unwanted, spans, language)
    if not kept:
        unwanted = frozenset()
        kept = _kept(words, starts, placed, spans, language)
    return Query(
        text=text,
        language=language,
        rest=" ".join(word.text for word in kept),
        subject=tuple(_PROJECT_OF.sub("", word.text) for word in kept if _is_subject(word.folded)),
        topical=tuple(word.text for mention in topics for word in words[mention.first : mention.last]),
        rows=gazetteer.with_members(rows),
        near_rows=_rows(place.near),
        states=_beyond(_names(limiting, PlaceKind.STATE), rows, gazetteer),
        boroughs=tuple(mention.place.borough for mention in place.at if mention.place.borough),
        without_rows=gazetteer.with_members(_rows(place.without)),
        without_states=_names(place.without, PlaceKind.STATE),
        without_words=tuple(words[number].text for number in sorted(unwanted) if _is_subject(words[number].folded)),
        places=tuple(" ".join(word.folded for word in words[m.first : m.last]) for m in mentions),
        listing=listing,
        transfer=bool(phrases.TRANSFER.search(folded)),
        border=bool(place.partner or phrases.BORDER.search(folded)),
        ending=bool(years and phrases.ENDING.search(folded)),
        understood=Understood(
            topics=tuple(dict.fromkeys(mention.topic for mention in topics)),
            municipalities=_names(place.at, PlaceKind.MUNICIPALITY),
            states=_names(limiting, PlaceKind.STATE),
            rounds=tuple(dict.fromkeys(name for name, _, _ in rounds)),
            years=years,
            status=status,
            near=_names(place.near, PlaceKind.MUNICIPALITY),
            unknown_places=_names(limiting, PlaceKind.ELSEWHERE),
            rural=bool(phrases.RURAL.search(folded)) or _small_population(folded),
            counties=bool(phrases.COUNTIES.search(folded)),
            who=role or bool(phrases.WHO.search(folded)),
            role=role,
        ),
    )


def _joined(words: Sequence[Word]) -> tuple[str, list[int]]:
    """Return the folded words joined by spaces, and where each begins in it."""
    starts, length = [], 0
    for word in words:
        starts.append(length)
        length += len(word.folded) + 1
    return " ".join(word.folded for word in words), starts


def _names(mentions: Iterable[Mention], kind: PlaceKind) -> tuple[str, ...]:
    return tuple(dict.fromkeys(mention.place.name for mention in mentions if mention.place.kind is kind))


def _beyond(states: Iterable[str], rows: Iterable[int], gazetteer: Gazetteer) -> tuple[str, ...]:
    """Return the states that hold none of the municipalities named; other states only tell where these are."""
    said = {gazetteer.municipalities[row].state for row in rows}
    return tuple(state for state in states if state not in said)


def _rows(mentions: Iterable[Mention]) -> tuple[int, ...]:
    return tuple(dict.fromkeys(row for mention in mentions for row in mention.place.rows))


def _spans(folded: str, status: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Yield the words that only tell the kind of answer wanted."""
    asked = (phrases.ROLE, phrases.WHO, phrases.PERIOD, phrases.RURAL, phrases.LISTING, phrases.NEAR, phrases.TRANSFER)
    patterns = [*asked, phrases.NEARBY, phrases.COUNTIES, phrases.WITHOUT, *(phrases.STATUS[name] for name in status)]
    for pattern in patterns:
        yield from (match.span() for match in pattern.finditer(folded))


def _ordinary(words: Sequence[Word], starts: Sequence[int], folded: str) -> set[int]:
    """Return the words known not to be a misspelt topic: "übernehmen" is not "Unternehmen"."""
    said = [match.span() for pattern in (phrases.TRANSFER, phrases.LISTING) for match in pattern.finditer(folded)]
    return {
        number
        for number, word in enumerate(words)
        if word.folded in phrases.GENERIC or any(start <= starts[number] < end for start, end in said)
    }


def _kept(
    words: Sequence[Word],
    starts: Sequence[int],
    placed: Collection[int],
    spans: Iterable[tuple[int, int]],
    language: str,
) -> list[Word]:
    """Return the words that are neither stop words nor read as a place or as the kind of answer wanted."""
    taken = list(spans)
    stop = _STOP.get(language, frozenset())
    return [
        word
        for number, word in enumerate(words)
        if number not in placed
        and word.folded not in stop
        and not any(start <= starts[number] < end for start, end in taken)
    ]


def _unwanted(
    text: str, words: Sequence[Word], starts: Sequence[int], folded: str, placed: Collection[int]
) -> frozenset[int]:
    """Return the words that an answer must not hold: up to ``_LONGEST_UNWANTED`` after "without", in its clause."""
    unwanted: set[int] = set()
    for match in phrases.OUTSIDE.finditer(folded):
        first = next((number for number, start in enumerate(starts) if start >= match.end()), len(words))
        for number in range(first, min(first + _LONGEST_UNWANTED, len(words))):
            if number in placed or (number and _CLAUSE_END.search(text[words[number - 1].end : words[number].start])):
                break
            unwanted.add(number)
    return frozenset(unwanted)


def _is_subject(word: str) -> bool:
    return len(word) > 1 and not word.isdigit() and word not in _ANY_STOP and word not in phrases.GENERIC


def _small_population(folded: str) -> bool:
    """Return whether the asker's own place is small: "wir haben 5.000 Einwohner", "kl. Gemeinde, 3 tsd ew"."""
    if not (match := _POPULATION.search(folded)):
        return False
    number = int(re.sub(r"\D", "", match.group(1)))
    return number * (1_000 if match.group(2) else 1) <= _SMALL
