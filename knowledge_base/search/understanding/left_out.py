"""Words that an answer must not hold: "ohne Apps", "keine Mobilität", "without cameras". Pure.

A negation leaves something out where it opens a clause, follows a word without a subject ("Projekte ohne …"), or names
a topic that the question does not ask for. Elsewhere it belongs to the thing: "ein Dorfladen ohne Personal".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from knowledge_base.places.words import Word
from knowledge_base.search.understanding import phrases
from knowledge_base.search.understanding.lexicon import TopicMention

_CLAUSE_END = re.compile(r"[,;:?!()–—\n]|\.(?= [A-ZÄÖÜ]|$)|\s-\s")
_MOST_SUBJECTS = 2  # words left out by one negation, and the words in which they stand
_MOST_WORDS = 4
_OF_THE_ASKER = frozenset({"kein", "keine", "keinen", "no"})  # "wir haben kein Geld"
_JOINING = frozenset("und oder and or nor i oraz lub ani".split())
_INSISTING = frozenset("aber bitte but please ale prosze".split())
_ENDING = frozenset("aber but ale tylko sondern nur only just".split())


def left_out(
    text: str,
    words: Sequence[Word],
    folded: str,
    skip: Collection[int],
    topics: Sequence[TopicMention],
    is_subject: Callable[[str], bool],
) -> frozenset[int]:
    """Return the words that a question leaves out; those in ``skip`` (places, status) are left out by others."""
    unwanted: set[int] = set()
    topic_of = {number: topic.topic for topic in topics for number in range(topic.first, topic.last)}
    for match in phrases.OUTSIDE.finditer(folded):
        negation = folded.count(" ", 0, match.start())
        first = folded.count(" ", 0, match.end()) + 1
        named = _named(text, words, first, skip, is_subject)
        before = _clause_before(text, words, negation)
        opens = not any(is_subject(words[number].folded) for number in before)
        topical = {topic_of[number] for number in named if number in topic_of}
        asked = {topic for number, topic in topic_of.items() if number not in named}
        of_the_asker = words[negation].folded in _OF_THE_ASKER and negation and not topical
        if of_the_asker and not any(words[number].folded in _INSISTING for number in before):
            continue
        bare = match.group() in phrases.BARE_NEGATIONS
        after = named[-1] + 1 if named else len(words)
        if not named or (bare and named[0] != first) or (after < len(words) and words[after].folded == "zu"):
            opens = False
        if named and ((opens and (topical or not bare)) or (not bare and topical - asked)):
            unwanted.update(named)
    return frozenset(unwanted)


def _named(
    text: str, words: Sequence[Word], first: int, skip: Collection[int], is_subject: Callable[[str], bool]
) -> list[int]:
    """Return the words that a negation before the word ``first`` is about."""
    named: list[int] = []
    most = _MOST_SUBJECTS
    for number in range(first, len(words)):
        joins = words[number].folded in _JOINING
        ends = number > first and _CLAUSE_END.search(text[words[number - 1].end : words[number].start])
        if ends or number in skip or words[number].folded in _ENDING or number - first >= _MOST_WORDS + most:
            break
        if joins and named:
            most += 1
        elif is_subject(words[number].folded):
            if len(named) == most or (named and joins):
                break
            named.append(number)
        elif named:
            break
    return named


def _clause_before(text: str, words: Sequence[Word], number: int) -> list[int]:
    """Return the words of the clause before a word."""
    first = number
    while first and not _CLAUSE_END.search(text[words[first - 1].end : words[first].start]):
        first -= 1
    return list(range(first, number))
