"""Short questions that lean on the one before: "und in Potsdam?", "only rural ones", "a co z energią?".

A follow-up names the change; the rest comes from the previous question. A complete question (with a subject of its own
and no lead-in) starts afresh; so does a question for all projects of a place.
"""

from __future__ import annotations

import re
from dataclasses import replace

from knowledge_base.model import Understood
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.places.words import clean, fold, words_of
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.search.understanding.query import Query
from knowledge_base.search.understanding.reader import understand

_MAX_WORDS = 9
_LIMITING_TOPICS = frozenset({"rural", "cross-border"})
_LEADS = (
    "und|oder|aber|auch|nur|bitte nur|noch|was ist mit|was ist in|wie ist es (?:mit|in|bei)|"
    "wie sieht es (?:mit|in|bei|aus)|davon|welche davon|die|das gleiche|dasselbe|nicht|ohne|statt(?:dessen)?|"
    "jetzt|and|or|but|only|just|also|what about|how about|same(?: thing)?|those|which of (?:them|these|those)|"
    "the ones|not|without|instead|now|a co|a w|a na|a|i|oraz|ale|lub|tylko|jeszcze|co z|a jak|jak jest|jak w|"
    "ktore z nich|te|to samo|nie|bez|teraz"
)
_LEAD = re.compile(r"^(?:" + _LEADS + r")(?!\S)")
_ALL_OF_A_PLACE = re.compile(r"^(?:was|what|co|(?:welche|which|what|jakie) (?:projekte|projects|projekty)) \S+ \S+")
_FILLER = frozenset(
    """und oder aber auch nur bitte noch was ist mit in wie es sieht aus bei davon welche die der das den gibt gibts
    da dort die ones one there please and or but only just also what about how same those which of them these the
    a co w we na i oraz ale lub tylko jeszcze z ze jak jest ktore nich te to samo for fur dla im am jetzt now
    teraz projekte projekt projects projekty thing alle all""".split()
)


def follow_up(question: str, previous: Query | None, language: str, gazetteer: Gazetteer, lexicon: Lexicon) -> Query:
    """Return the question as read; merged with ``previous`` when it cannot stand alone."""
    query = understand(question, language, gazetteer, lexicon)
    if previous is None or not _leans(query):
        return query
    return _merge(previous, query)


def _leans(query: Query) -> bool:
    words = [word.folded for word in words_of(query.text)]
    if not words or len(words) > _MAX_WORDS:
        return False
    subject = _subject(query)
    whole = bool(subject or _topics(query)) and bool(query.placed or query.understood.rounds)
    if _LEAD.match(" ".join(words)):
        return not whole
    if query.placed and _ALL_OF_A_PLACE.match(" ".join(words)):
        return False
    return not subject and not _topics(query) and _limits(query)


def _subject(query: Query) -> list[str]:
    """Return the words that are neither a limit (place, year, status …) nor filler."""
    return [word for word in query.subject if fold(word) not in _FILLER]


def _topics(query: Query) -> tuple[str, ...]:
    """Return the topics that are a subject; "rural" and "at the border" only limit another one."""
    return tuple(topic for topic in query.understood.topics if topic not in _LIMITING_TOPICS)


def _limits(query: Query) -> bool:
    read = query.understood
    kinds = (read.rounds, read.years, read.status, read.rural, read.counties, query.border)
    return query.placed or any(map(bool, (query.without_rows, query.without_states, *kinds)))


def _merge(previous: Query, new: Query) -> Query:
    """Return the previous question, changed by what the new one names."""
    subject = " ".join(_subject(new)) if _topics(new) or not _limits(new) else ""
    rest = subject or previous.rest
    place = new if new.placed else previous
    moved = new.placed or new.without_rows or new.without_states
    limits = _limits(new) and not subject
    read, old = new.understood, previous.understood
    merged = Understood(
        topics=_topics(new) or (() if subject else old.topics),
        municipalities=place.understood.municipalities,
        states=place.understood.states,
        near=place.understood.near,
        unknown_places=place.understood.unknown_places,
        rounds=read.rounds or (old.rounds if limits and not read.years else ()),
        years=read.years or (old.years if limits and not read.rounds else ()),
        status=read.status or (old.status if limits else ()),
        rural=read.rural or (old.rural and not new.placed),
        counties=read.counties or (old.counties and not new.placed),
        who=read.who or old.who,
        role=read.role or old.role,
    )
    return replace(
        new,
        text=_text(rest, place, new, previous),
        rest=rest,
        subject=tuple(_subject(new)) if subject else previous.subject,
        topical=new.topical if subject else previous.topical,
        rows=place.rows,
        near_rows=place.near_rows,
        states=place.states,
        without_rows=new.without_rows or (() if moved else previous.without_rows),
        without_states=new.without_states or (() if moved else previous.without_states),
        places=place.places,
        boroughs=place.boroughs,
        listing=new.listing or (previous.listing and not subject),
        transfer=new.transfer or (previous.transfer and not subject),
        border=new.border or (previous.border and not subject),
        follows=True,
        understood=merged,
    )


def _text(rest: str, place: Query, new: Query, previous: Query) -> str:
    """Return the question that both make together, for the embedder and the word index."""
    read = place.understood
    names = " ".join((*read.municipalities, *read.states, *read.near, *read.unknown_places))
    said = {fold(word) for word in rest.split()}
    added = " ".join(word for word in new.rest.split() if fold(word) not in said | _FILLER)
    return clean(" ".join(filter(None, (rest, names, added)))) or previous.text
