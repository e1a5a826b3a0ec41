"""The reading of one question, standing alone, as a ``Query``. Pure; any string is safe."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from knowledge_base.language.tokens import STOP_WORDS
from knowledge_base.model import Understood
from knowledge_base.places.gazetteer import Gazetteer, Mention, PlaceKind
from knowledge_base.places.words import Word, clean, fold, words_of
from knowledge_base.search.understanding import phrases
from knowledge_base.search.understanding.left_out import left_out
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.search.understanding.pasted import unpasted
from knowledge_base.search.understanding.periods import periods
from knowledge_base.search.understanding.place_roles import PlaceRoles, introduction, place_roles
from knowledge_base.search.understanding.query import Query

_STOP = {language: frozenset(map(fold, words)) for language, words in STOP_WORDS.items()}
_ANY_STOP = frozenset().union(*_STOP.values())
_POPULATION = re.compile(
    r"(?<!\S)(\d{1,3}(?:[ .,]?\d{3})?) ?(tsd|tausend|thousand|k|tys)? ?"
    r"(?:einwohner\w*|ew|inhabitants|people|residents|mieszkanc\w*)(?!\S)"
)
_UP_TO = re.compile(r"(?:unter|bis|bis zu|weniger als|max|maximal|under|below|up to|less than|ponizej|do|mniej niz) $")
_NEGATED = re.compile(r"(?<!\S)(?:keine?[rnms]?|ohne|no|not|without|bez|nie)(?: \w+){0,3} $")
_PROJECT_OF = re.compile(
    r"(?<=\w{4})(?:s|-)?(?:projekt(?:en?|s)?|vorhaben|maßnahmen?|initiativen?)$", re.IGNORECASE
)  # "Energieprojekte"
_SMALL = 20_000  # inhabitants: what German statistics calls a Kleinstadt ends there


def understand(question: str, language: str, gazetteer: Gazetteer, lexicon: Lexicon) -> Query:
    """Read places, topics, rounds, years, status and the kind of answer wanted out of ``question``."""
    said = unpasted(question)
    text = clean(said.text)
    words = words_of(text)
    folded, starts = _joined(words)
    mentions = gazetteer.find(words, language)
    place = place_roles(text, words, mentions, bool(phrases.ROLE.search(folded)), language)
    told = introduction(text, words, place.own)
    asked = _masked(words, told)
    role = bool(phrases.ROLE.search(asked))
    placed = {number for mention in mentions for number in range(mention.first, mention.last)}
    topics = lexicon.find(words, language, placed | told, _ordinary(words, starts, folded))
    years, spans = phrases.years(text), periods(asked, text)
    listing, rounds = _rounds(asked, years, lexicon)
    stages = dict(_stages(asked))
    small = bool(phrases.SMALL.search(asked)) or _small_population(folded, condition=True)
    read = _within(starts, [*((start, end) for _, start, end in rounds), *_spans(asked, stages)])
    unwanted = left_out(text, words, asked, placed | told | read, topics, _is_subject)
    without_words = tuple(words[number].text for number in sorted(unwanted))
    kept = _kept(words, placed | unwanted | told | read, language)
    wanted = [mention for mention in topics if not unwanted.intersection(range(mention.first, mention.last))]
    return Query(
        text=text,
        language=language,
        rest=" ".join(word.text for word in kept),
        subject=tuple(_PROJECT_OF.sub("", word.text) for word in kept if _is_subject(word.folded)),
        topical=tuple(word.text for mention in wanted for word in words[mention.first : mention.last]),
        rows=gazetteer.with_members(_rows(place.at)),
        near_rows=_rows(place.near),
        states=_beyond(_names((*place.near, *place.at), PlaceKind.STATE), _rows(place.at), gazetteer),
        boroughs=tuple(mention.place.borough for mention in place.at if mention.place.borough),
        without_rows=gazetteer.with_members(_rows(place.without)),
        without_states=_names(place.without, PlaceKind.STATE),
        without_words=without_words,
        without_topics=tuple(m.topic for m in topics if m not in wanted and lexicon.is_label(m.topic, words[m.first])),
        addresses=said.addresses,
        asker=_rows(place.own),
        asker_small=_is_small(folded, asked),
        places=tuple(" ".join(word.folded for word in words[m.first : m.last]) for m in mentions),
        listing=listing,
        transfer=bool(phrases.TRANSFER.search(asked)),
        border=bool(place.partner or phrases.BORDER.search(asked)),
        ending=bool(phrases.ENDING.search(asked)) and any(first == last for first, last in spans),
        understood=replace(
            _where(place),
            topics=tuple(dict.fromkeys(mention.topic for mention in wanted)),
            rounds=tuple(dict.fromkeys(name for name, _, _ in rounds)),
            years=years,
            periods=spans,
            status=() if phrases.ABOUT_ONE.match(asked) else tuple(name for name, meant in stages.items() if meant),
            rural=small or bool(phrases.RURAL.search(asked)),
            small=small,
            counties=bool(phrases.COUNTIES.search(asked)),
            who=role or bool(phrases.WHO.search(asked)),
            role=role,
            negated=tuple(dict.fromkeys((*(m.place.name for m in place.without), *without_words))),
            names=not role and bool(phrases.NAMES.search(asked)),
        ),
    )


def _where(place: PlaceRoles) -> Understood:
    """Return the reading of the places alone."""
    limiting = (*place.near, *place.at)
    return Understood(
        municipalities=_names(place.at, PlaceKind.MUNICIPALITY),
        states=_names(limiting, PlaceKind.STATE),
        near=_names(place.near, PlaceKind.MUNICIPALITY),
        unknown_places=_names(limiting, PlaceKind.ELSEWHERE),
    )


def _rounds(asked: str, years: Iterable[int], lexicon: Lexicon) -> tuple[bool, tuple[tuple[str, int, int], ...]]:
    """Return whether model projects are asked for, and the rounds named, by name or by year."""
    rounds = lexicon.rounds_in(asked)
    listing = bool(phrases.LISTING.search(asked) or rounds) and not phrases.DEFINITION.fullmatch(asked)
    if listing and not rounds:
        rounds = tuple((name, 0, 0) for year in years for name in lexicon.rounds_of_year(year))
    return listing, rounds


def _is_small(folded: str, asked: str) -> bool:
    """Return whether an asker tells that their own town is small."""
    return _small_population(folded) or bool(phrases.RURAL.search(folded) and not phrases.RURAL.search(asked))


def _masked(words: Sequence[Word], told: Collection[int]) -> str:
    """Return the folded words joined by spaces, those told about the asker masked."""
    return " ".join("#" * len(word.folded) if number in told else word.folded for number, word in enumerate(words))


def _stages(asked: str) -> Iterator[tuple[str, bool]]:
    """Yield the stages of a project that a question names, and whether it wants them: "keine Piloten"."""
    for name, pattern in phrases.STATUS.items():
        found = [asked[: match.start()] for match in pattern.finditer(asked)]
        if found:
            yield name, not all(_NEGATED.search(before) for before in found)


def _within(starts: Sequence[int], spans: Iterable[tuple[int, int]]) -> set[int]:
    """Return the words that begin inside spans of the joined words."""
    taken = list(spans)
    return {number for number, at in enumerate(starts) if any(start <= at < end for start, end in taken)}


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
    kinds = (
        phrases.ROLE, phrases.WHO, phrases.NAMES, phrases.PERIOD, phrases.RURAL, phrases.LISTING, phrases.NEAR,
        phrases.TRANSFER, phrases.NEARBY, phrases.ACROSS, phrases.COUNTIES, phrases.WITHOUT,
    )  # fmt: skip
    patterns = [*kinds, *(phrases.STATUS[name] for name in status)]
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


def _kept(words: Sequence[Word], read: Collection[int], language: str) -> list[Word]:
    """Return the words that are neither stop words nor read as something else."""
    stop = _STOP.get(language, frozenset())
    return [word for number, word in enumerate(words) if number not in read and word.folded not in stop]


def _is_subject(word: str) -> bool:
    return len(word) > 1 and not word.isdigit() and word not in _ANY_STOP and word not in phrases.GENERIC


def _small_population(folded: str, *, condition: bool = False) -> bool:
    """Return whether the asker's own place is small: "wir haben 5.000 Einwohner", "kl. Gemeinde, 3 tsd ew".

    With ``condition``, whether small places are asked for: "unter 20.000 Einwohnern".
    """
    if not (match := _POPULATION.search(folded)) or bool(_UP_TO.search(folded[: match.start()])) is not condition:
        return False
    number = int(re.sub(r"\D", "", match.group(1)))
    return number * (1_000 if match.group(2) else 1) <= _SMALL
