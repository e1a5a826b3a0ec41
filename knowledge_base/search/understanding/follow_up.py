"""Short questions that lean on the one before: "und in Potsdam?", "only rural ones", "a co z energią?".

A follow-up names the change; the rest comes from the question before. What decides is what is left of a question
without the words for places, rounds, status and size: a question with a subject, or with a frame of its own ("Was macht
Guben?", "Which cities are in …?"), stands alone. One that leads on ("und …"), refers back ("davon", "so etwas") or only
limits ("nur kleine") does not.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from knowledge_base.language.tokens import STOP_WORDS
from knowledge_base.model import Understood
from knowledge_base.places.gazetteer import Gazetteer
from knowledge_base.places.place_names import PLACE_PREPOSITIONS
from knowledge_base.places.words import clean, fold, words_of
from knowledge_base.search.understanding import phrases
from knowledge_base.search.understanding.lexicon import Lexicon
from knowledge_base.search.understanding.query import Query
from knowledge_base.search.understanding.reader import understand

Value = TypeVar("Value")
_MAX_WORDS = 12
_SHORT = 6  # words of a question with neither subject nor limit: "anything newer?"
_LOOSE = frozenset({"die", "noch", "da", "dort", "it"})  # also stand in complete questions
_LIMITING_TOPICS = frozenset({"rural", "cross-border"})
_SENTENCE_END = re.compile(r"(?<=[.?!;])\s+|(?<=\w):\s+|,\s+|\s[–—-]\s")
_LEAD = phrases.LEADS
_ONLY_LAST = re.compile(r"(?<!\S)(?:only|nur|tylko)$")
_WITH = re.compile(r"^(?:mit|with|per|z|ze)(?!\S)")
_NAMED = (
    r"(?:modell)?(?:projekte?n?|vorhaben|massnahmen|stadte?n?|kommunen?|gemeinden?|orte?n?|dorfer|landkreise?|kreise?)|"
    r"(?:projects?|measures|towns?|cities|city|places|municipalit(?:y|ies)|villages|counties)|"
    r"(?:projekty|miasta|miast|gminy|gmin|miejscowosci|powiaty|wsie|projektow)"
)
_NAMES = re.compile(rf"(?<!\S)(?:modellprojekte|{_NAMED})(?!\S)")
_ASKS_FOR = re.compile(r"^(?:welche[rsnm]?|which|what|jakie|ktore|wie ?viele?|how (?:many|much)|ile|was|co)(?!\S)")
_JOINS = re.compile(r"(?:a|i|ok|un|ond)(?!\S) ?(?=\S)")
_IS_THERE = re.compile(
    r"^(?:gibts?|gibt es|is there|are there|jest|sa|czy jest|czy sa) (?:etwas|was|something|anything|cos)"
)
_STOP = frozenset(fold(word) for words in STOP_WORDS.values() for word in words)
_WHO_DOES = re.compile(r"^(?:wer|who|kto) (\w+) \w+ \w+")
_ASKED = re.compile(r"^(?:was|co|what) (\w+) \w+")
_QUESTION = re.compile(
    r"^(?:wer|was|wo|wie|wieviele?|welche[rsnm]?|wann|warum|hat|haben|ist|sind|gibt|gibts|kann|who|what|which|where|how|when|is|are|has|"
    r"have|does|do|did|can|kto|co|gdzie|jak|jakie|ktore|ktora|czy|ile)(?!\S)"
)
_ORDINALS = (
    re.compile(r"(?<!\S)(?:1|erste[rn]?|first|1st|pierwsz\w+)(?!\S)"),
    re.compile(r"(?<!\S)(?:2|zweite[rn]?|second|2nd|drug\w+)(?!\S)"),
    re.compile(r"(?<!\S)(?:3|dritte[rn]?|third|3rd|trzeci\w*)(?!\S)"),
)
_FRAMING = (phrases.ELSEWHERE, phrases.PART, phrases.CORRECTS)
_FILLER = frozenset(
    """und oder aber auch nur bitte noch was ist mit in wie es sieht aus bei davon welche die der das den gibt gibts
    da dort die ones one there please and or but only just also what about how same those which of them these the
    a co w we na i oraz ale lub tylko jeszcze z ze jak jest ktore nich te to samo for fur dla im am jetzt now then
    teraz projekte projekt projects projekty thing alle all meinte meine meint meant mean mysli chodzi chodzilo
    chodziło mialem mialam nein darunter dazu hierzu dafur dagegen woanders anderswo elsewhere bundesweit speziell
    bislang bisher fahren fahrt starten round runde last itself selbst auf un ond ne nor np ab nowszego nowsze newer
    neueres neuere neuer ahnliches ahnlich vergleichbares vergleichbar similar irgendetwas irgendwas korzysta nach
    dazugekommen dann ehrlich""".split()
)


def follow_up(question: str, previous: Query | None, language: str, gazetteer: Gazetteer, lexicon: Lexicon) -> Query:
    """Return the question as read; merged with ``previous`` when it cannot stand alone."""
    query = understand(question, language, gazetteer, lexicon)
    if previous is None:
        return query
    query = replace(query, asker=query.asker or previous.asker)
    text = _without_asides(question)
    changed = understand(text, language, gazetteer, lexicon) if text != question else query
    first, *others = _clauses(text) or [text]
    if others and len(words_of(text)) <= _MAX_WORDS + 2:
        head, *rest = (understand(part, language, gazetteer, lexicon) for part in (first, *others))
        remark = not any(_limits(part) or _topics(part) or _asks(part) or _nouns(part) for part in rest)
        if (
            remark
            and _limits(head)
            and (_LEAD.match(_folded(first)) or head.without_rows or head.without_states)
            and _leans(head, previous)
        ):
            changed = head
    if _leans(changed, previous):
        return _merge(previous, _in_round(changed, previous, lexicon))
    return query


def _leans(query: Query, previous: Query) -> bool:
    """Return whether a question is incomplete without the one before."""
    folded = _folded(query.text)
    if not folded or len(folded.split()) > _MAX_WORDS or phrases.AFRESH.search(folded):
        return False
    if phrases.CORRECTS.search(folded) and not (query.placed and (_subject(query) or _topics(query))):
        return True
    if _subject(query) or _topics(query):
        return _leans_with_subject(query, folded)
    if not (_limits(query) or _ordinal(folded, previous) or phrases.ELSEWHERE.search(folded)):
        return len(folded.split()) <= _SHORT and bool(phrases.REFERS.search(folded))
    return bool(phrases.PART.search(folded)) or not _framed(query, folded)


def _leans_with_subject(query: Query, folded: str) -> bool:
    """Return whether a question with a subject of its own still needs the place or the subject of the one before."""
    if phrases.PART.search(folded):
        return True
    whole = query.placed or bool(query.understood.rounds)
    if whole or _QUESTION.match(_unled(folded)) or _NAMES.match(_unled(folded)):
        return False
    joined = query.language == "pl" and folded.startswith(("a ", "i "))
    return bool(joined or _LEAD.match(folded) or _ONLY_LAST.search(folded) or _WITH.match(folded))


def _framed(query: Query, whole: str) -> bool:
    """Return whether a question without a subject says what it asks for: "Was macht Guben?", "Projekte in Guben"."""
    folded = _unled(whole)
    refers = phrases.REFERS.search(_NAMES.sub("", _ASKS_FOR.sub("", folded)))
    led = folded != whole
    asks = bool(_QUESTION.match(folded))
    if query.listing and asks and (query.placed or not refers):
        return True
    if refers and refers.group() not in _LOOSE:
        return False
    named = _NAMES.search(folded)
    if named and (_ASKS_FOR.match(folded) or (not led and (query.understood.rounds or query.placed))):
        return True
    if not query.placed:
        return False
    who = _WHO_DOES.match(folded)
    return bool(_ASKED.match(folded) or (who and who.group(1) not in PLACE_PREPOSITIONS) or _IS_THERE.match(folded))


def _nouns(query: Query) -> bool:
    return query.language == "de" and any(word[:1].isupper() for word in query.subject)


def _asks(query: Query) -> bool:
    return bool(_QUESTION.match(_unled(_folded(query.text))))


def _folded(text: str) -> str:
    return " ".join(word.folded for word in words_of(text))


def _unled(folded: str) -> str:
    """Return a folded question without "und", "a", "what about" at its start."""
    while match := _LEAD.match(folded) or _JOINS.match(folded):
        folded = folded[match.end() :].strip()
    return folded


def _clauses(text: str) -> list[str]:
    return [clause for clause in _SENTENCE_END.split(text) if clause.strip()]


def _without_asides(text: str) -> str:
    """Return a question without a remark on the answer before ahead of it: "Gut. Und in Sachsen?"."""
    while match := _SENTENCE_END.search(text):
        if any(not _says_nothing(word.folded) for word in words_of(text[: match.start()])):
            break
        text = text[match.end() :]
    return text


def _says_nothing(word: str) -> bool:
    return word in phrases.ASIDE or word in phrases.GENERIC or word in _STOP or word in _FILLER


def _subject(query: Query) -> list[str]:
    """Return the words that are neither a limit (place, year, status …) nor filler."""
    capitals = query.text[:1].isupper() and query.language == "de"
    folded = _folded(query.text)
    framing = {word for pattern in _FRAMING for match in pattern.finditer(folded) for word in match.group().split()}
    return [
        word
        for word in query.subject
        if fold(word) not in framing
        and fold(word) not in _FILLER
        and fold(word) not in phrases.ASIDE
        and not (capitals and word[:1].islower() and word not in query.topical)
        and (len(word) > 2 or not word.islower() or word in query.topical)
    ]


def _topics(query: Query) -> tuple[str, ...]:
    """Return the topics that are a subject; "rural" and "at the border" only limit another one."""
    return tuple(topic for topic in query.understood.topics if topic not in _LIMITING_TOPICS)


def _limits(query: Query) -> bool:
    read = query.understood
    kinds = (read.rounds, read.years, read.status, read.rural, read.counties, query.border)
    return query.placed or any(map(bool, (query.without_rows, query.without_states, query.without_words, *kinds)))


def _ordinal(folded: str, previous: Query) -> int:
    """Return the number of a round that is named by its number alone, after a question for a round; else 0."""
    if not previous.understood.rounds:
        return 0
    return next((number for number, said in enumerate(_ORDINALS, 1) if said.search(folded)), 0)


def _in_round(query: Query, previous: Query, lexicon: Lexicon) -> Query:
    number = 0 if query.understood.rounds else _ordinal(_folded(query.text), previous)
    names = tuple(r.name for r in lexicon.rounds if r.number == number) if number else ()
    if not names:
        return query
    return replace(
        query, listing=True, subject=(), rest="", understood=replace(query.understood, rounds=names, topics=())
    )


def _merge(previous: Query, new: Query) -> Query:
    """Return the previous question, changed by what the new one names."""
    folded = _folded(new.text)
    corrects = phrases.CORRECTS.search(folded)
    own = " ".join(_subject(new)) if _subject(new) or _topics(new) else ""
    part = bool(own) and bool(phrases.PART.search(folded) or _WITH.match(folded) or new.without_words) and not corrects
    subject = f"{previous.rest} {own}".strip() if part else own
    rest = subject or previous.rest
    replaced = bool(own) and not part
    place = _place(previous, new, folded)
    limits = not replaced
    read, old = new.understood, previous.understood
    keeps_out = not new.placed or new.without_rows or new.without_states
    merged = Understood(
        topics=tuple(dict.fromkeys((*(() if replaced else old.topics), *_topics(new)))),
        municipalities=place.understood.municipalities,
        states=place.understood.states,
        near=place.understood.near,
        unknown_places=place.understood.unknown_places,
        rounds=read.rounds or (old.rounds if limits and not read.years else ()),
        years=read.years or (old.years if limits and not read.rounds else ()),
        periods=read.periods or (old.periods if limits and not read.rounds else ()),
        status=read.status or (old.status if limits else ()),
        rural=read.rural or (old.rural and not new.rows),
        small=read.small or (old.small and not new.rows),
        counties=read.counties or (old.counties and not new.placed),
        who=read.who or old.who,
        role=read.role or old.role,
        negated=_both(read.negated, old.negated if keeps_out and not replaced else ()),
    )
    return replace(
        new,
        text=_text(rest, place, new, previous),
        rest=rest,
        subject=(*(previous.subject if part else ()), *_subject(new)) if own else previous.subject,
        topical=(*(previous.topical if part else ()), *new.topical) if own else previous.topical,
        rows=place.rows,
        near_rows=place.near_rows,
        states=place.states,
        without_rows=_both(new.without_rows, previous.without_rows if keeps_out else ()),
        without_states=_both(new.without_states, previous.without_states if keeps_out else ()),
        without_words=_both(new.without_words, () if replaced else previous.without_words),
        without_topics=_both(new.without_topics, () if replaced else previous.without_topics),
        asker=new.asker or previous.asker,
        asker_small=new.asker_small or previous.asker_small,
        places=place.places,
        boroughs=place.boroughs,
        listing=new.listing or (previous.listing and not replaced),
        transfer=new.transfer or (previous.transfer and not replaced),
        border=new.border or (previous.border and not replaced),
        follows=True,
        understood=merged,
    )


def _both(new: tuple[Value, ...], old: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(dict.fromkeys((*old, *new)))


def _place(previous: Query, new: Query, folded: str) -> Query:
    """Return the question that gives the place: the new one, else the one before, unless it is left out now."""
    if new.placed:
        return new
    left = set(new.without_rows) >= set(previous.rows) if previous.rows else False
    left_states = set(new.without_states) >= set(previous.states) if previous.states else False
    if (new.without_rows or new.without_states) and (left or left_states):
        return previous.anywhere
    small = new.understood.rural or new.understood.counties
    if phrases.ELSEWHERE.search(folded) or (small and previous.rows):
        return previous.anywhere
    return previous


def _text(rest: str, place: Query, new: Query, previous: Query) -> str:
    """Return the question that both make together, for the embedder and the word index."""
    read = place.understood
    names = " ".join((*read.municipalities, *read.states, *read.near, *read.unknown_places))
    said = {fold(word) for word in rest.split()}
    added = " ".join(word for word in new.rest.split() if fold(word) not in said | _FILLER)
    return clean(" ".join(filter(None, (rest, names, added)))) or previous.text
