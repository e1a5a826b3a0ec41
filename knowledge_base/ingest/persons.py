"""Names of people in texts that all users can read: they are masked, the office stays (invariant I6). Pure.

Taken for a person: a form of address or a title with a name; a given name with a surname; an initial with a surname
after the word for a function. A contact's field is read more strictly: there, two words that are no office are a name.
A firm, street, school or prize that is named after a person stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from knowledge_base.ingest.person_words import (
    ADDRESS,
    ARTICLES,
    FIRM,
    FUNCTION,
    LEADING_TITLES,
    LONG_SURNAME,
    NAMED_AFTER,
    OFFICE,
    PARTICLES,
    PLACE,
    TITLES,
    given_names,
)
from knowledge_base.places.ordinary import NONE, ordinary_words
from knowledge_base.places.register import register
from knowledge_base.places.words import fold

MASK = "[name]"

_TOKEN = re.compile(r"[^\W\d_](?:[^\W\d_]|['’-](?=[^\W\d_]))*\.?|\d+|[^\w\s]")


class Word(NamedTuple):
    """A token of a text, with its place."""

    text: str
    start: int
    end: int

    @property
    def key(self) -> str:
        return self.text.rstrip(".").casefold()


def without_persons(text: str) -> str:
    """Return a text of any length with a mask for each person's name; the same text when it has none."""
    words = _words(text)
    if _is_reversed(words):
        return MASK
    while spans := list(_persons(words)):  # a mask may uncover a name before it
        for first, last in reversed(spans):
            text = text[: words[first].start] + MASK + text[words[last - 1].end :]
        words = _words(text)
    return text


def _is_reversed(words: Sequence[Word]) -> bool:
    """Return whether a text is nothing but a surname and a given name, as registers write them."""
    return len(words) == 2 and _is_given(words[1]) and _is_surname(words[0]) and not _is_known(words[0])


def person_in(text: str) -> str:
    """Return the first name of a person that a text holds, with its form of address; "" if it holds none."""
    words = _words(text)
    spans = [(0, 2)] if _is_reversed(words) else _persons(words)
    return next((text[words[first].start : words[last - 1].end] for first, last in spans), "")


def person_left_out(text: str) -> str:
    """Return a text without the names of people, and without what joined them to the rest."""
    masked = without_persons(text)
    return text if masked == text else _tidied(masked.replace(MASK, ""))


def person_in_role(text: str) -> str:
    """Return the first name of a person in a contact's field; "" if it holds none."""
    return next((found[0] for part in _parts(text)[::2] if (found := _in_role(part))), "")


def office_only(text: str) -> str:
    """Return the words of a contact's field without the names of people; "" if nothing but names was there."""
    parts = _parts(text)
    kept = list(parts)
    for number, part in enumerate(parts):
        for name in () if number % 2 else _in_role(part):
            kept[number] = kept[number].replace(name, "", 1)
    return text if kept == parts else _tidied("".join(kept))


def _parts(text: str) -> list[str]:
    """Return the parts of a contact's field; every second one is what stands between them."""
    return re.split(r"(\s*(?:[,;/|\n()]|\s[–-]\s|\bund\b|\boraz\b|\bi\b)\s*)", text)


def _in_role(part: str) -> list[str]:
    words = _words(part)
    spans = list(_persons(words)) or list(_after_function(words)) or ([(0, len(words))] if _is_bare(words) else [])
    return [part[words[first].start : words[last - 1].end] for first, last in spans]


def _tidied(text: str) -> str:
    """Return a text from which words were cut, without the punctuation and forms of address that they leave."""
    text = re.sub(r"\b(?:Herrn?|Frau|Hr\.|Fr\.|Pan(?:i|em|ią)?|Mrs?\.?|Ms\.?)\s+(?=[^\W\d_])", "", text)
    text = re.sub(r"\(\s*\)", " ", text)
    text = re.sub(r"(?:\s*([,;/|–:-])\s*)(?:[,;/|–:-]\s*)+", r"\1 ", text)
    text = re.sub(r"\s+([,;:)])", r"\1", " ".join(text.split()))
    text = re.sub(r"^(?:und|oraz|i)\s+|\s+(?:und|oraz|i)$", "", text.strip(" ,;/|–-:&"))
    text = text.strip(" ,;/|–-:&")
    return text[1:-1] if text.startswith("(") and text.endswith(")") and text.count("(") == 1 else text


def _words(text: str) -> list[Word]:
    return [Word(found[0], found.start(), found.end()) for found in _TOKEN.finditer(text)]


def _persons(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Yield the words that name a person, first and behind the last one."""
    at = 0
    while at < len(words):
        span = _addressed(words, at) or _given(words, at)
        if span:
            yield span
        at = span[1] if span else at + 1


def _addressed(words: Sequence[Word], at: int) -> tuple[int, int] | None:
    """Return the span of a form of address or title with the name behind it; the word for a function stays."""
    key = words[at].key
    address = key in ADDRESS and (key != "p" or words[at].text == "p.")
    if not address and (key not in LEADING_TITLES or words[at].text.startswith("mag")):  # "keiner mag Dienst schieben"
        return None
    first = at
    name = at + 1
    while name < len(words) and (words[name].key in TITLES or words[name].text in (".", "-")):
        name += 1
    if address and name < len(words) and FUNCTION.fullmatch(words[name].key):
        first, name = name + 1, name + 1
        while name < len(words) and (words[name].key in TITLES or words[name].text == "."):
            name += 1
    if name < len(words) and words[name].key in ARTICLES:  # "Herr der Daten"
        return None
    last = name
    while (
        last < len(words)
        and last - name < 4
        and (_is_name(words[last]) or (words[last].key in PARTICLES and _next_is_name(words, last)))
    ):
        if last > name and (OFFICE.fullmatch(words[last].key) or FUNCTION.fullmatch(words[last].key)):
            break
        last += 1
    return (
        (first, last)
        if last > name and not _is_named_after(words, last) and not _is_initial_only(words, name, last)
        else None
    )


def _is_initial_only(words: Sequence[Word], first: int, last: int) -> bool:
    return last - first == 1 and len(words[first].key) < 2


def _next_is_name(words: Sequence[Word], at: int) -> bool:
    return at + 1 < len(words) and (_is_name(words[at + 1]) or words[at + 1].key in PARTICLES)


def _given(words: Sequence[Word], at: int) -> tuple[int, int] | None:
    """Return the span of a given name with the surname behind it."""
    if not _is_given(words[at]) or (at and words[at - 1].key in ("im", "ul", "pl", "al", "ulica", "os")):
        return None
    last = at + 1
    while last < len(words) and (_is_given(words[last]) or _is_initial(words[last])) and _gap(words, last):
        last += 1
    while last < len(words) and words[last].key in PARTICLES:
        last += 1
    surname = last if last < len(words) and _is_surname(words[last]) and _gap(words, last) else None
    if surname is None:
        if last - at < 2 or not _is_given(words[last - 1]):  # "Anna Paul": the last given name is the surname
            return None
        surname = last - 1
    before = words[at - 1].key if at else ""
    if _is_named_after(words, surname + 1) or (before and NAMED_AFTER.fullmatch(before)):
        return None
    return at, surname + 1


def _gap(words: Sequence[Word], at: int) -> bool:
    return words[at].start - words[at - 1].end <= 2


def _after_function(words: Sequence[Word]) -> Iterator[tuple[int, int]]:
    """Yield the name behind the word for a function: "Klimaschutzmanagerin V. Nachname", "V. Nachname" alone."""
    for at, word in enumerate(words):
        if _is_initial(word) and at + 1 < len(words) and (_is_name(words[at + 1]) or _is_initial(words[at + 1])):
            last = at + 1
            while last < len(words) and (_is_name(words[last]) or _is_initial(words[last])):
                last += 1
            yield at, last
            return
        if (
            FUNCTION.fullmatch(word.key)
            and at + 2 == len(words)
            and _is_surname(words[-1])
            and _may_be_alone(words[-1])
        ):
            yield at + 1, at + 2
            return


def _may_be_alone(word: Word) -> bool:
    """Return whether a word may be a surname without anything that says so: it is short, and nothing else."""
    return len(word.key) <= LONG_SURNAME and not _is_known(word)


def _is_bare(words: Sequence[Word]) -> bool:
    """Return whether the words are nothing but a name: two or three with capitals, and no other word."""
    if not 2 <= len(words) <= 3 or not all(_is_name(word) or _is_initial(word) for word in words):
        return False
    return not any(
        pattern.fullmatch(word.key) for word in words for pattern in (OFFICE, FUNCTION, NAMED_AFTER)
    ) and not any(_is_known(word) or word.key in PLACE for word in words)


def _is_known(word: Word) -> bool:
    """Return whether a word is an ordinary noun or a place."""
    parts = [fold(part) for part in (word.text, *word.text.split("-"))]
    places = register()
    return word.text.isupper() or any(
        ordinary_words().get(part, NONE).noun > 0 or part in places.full or part in places.short for part in parts
    )


def _is_given(word: Word) -> bool:
    names = word.text.split("-")
    return all(name in given_names() for name in names) or word.text in given_names()


def _is_initial(word: Word) -> bool:
    return len(word.key) == 1 and word.text.endswith(".") and word.text[0].isupper()


def _is_name(word: Word) -> bool:
    return word.text[0].isupper() and not (len(word.key) > 1 and word.text.endswith(".") and len(word.key) < 3)


def _is_surname(word: Word) -> bool:
    return (
        len(word.key) > 1
        and word.text[0].isupper()
        and not word.text.rstrip(".").isupper()
        and not OFFICE.fullmatch(word.key)
        and not FUNCTION.fullmatch(word.key)
        and not NAMED_AFTER.fullmatch(word.key)
    )


def _is_named_after(words: Sequence[Word], after: int) -> bool:
    """Return whether the words before ``after`` belong to a firm, a street or a house."""
    last = words[after - 1].text
    if words[after - 1].text.endswith(".") or after >= len(words):
        return bool(NAMED_AFTER.fullmatch(last.split("-")[-1])) if "-" in last else False
    following = words[after]
    if following.text in ("&", "+", "-"):
        return True
    return _gap(words, after) and bool(FIRM.fullmatch(following.text) or NAMED_AFTER.fullmatch(following.key))
