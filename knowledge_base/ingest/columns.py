"""The columns of a table by their names: which one holds which field of a record.

``columns.yaml`` lists the names that offices use. A name is compared without case, umlaut spelling, hyphens, spaces,
punctuation and units in brackets. Where a name has several parts ("Name / beneficiary name"), each is tried. A mistyped
name is taken only if it is long, and no other field has a name like it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files

from rapidfuzz import fuzz, process

from knowledge_base import yaml_text
from knowledge_base.errors import InputError
from knowledge_base.ingest.languages import ASKED_AS
from knowledge_base.model import TRANSLATED
from knowledge_base.vocabulary import LANGUAGES, fold, spellings

OWN_KEY, BEGIN, UNTIL = "own key", "begin", "until"  # what a table may have in place of fields
_TYPING_MISTAKE, _SAFE_LENGTH = 91, 7  # rapidfuzz's ratio, and letters of a name that may be mistyped
_ALIKE, _SHOWN_ALIKE = 80, 3
_EXACT, _PART, _MISTYPED = range(3)

_BROKEN_WORD = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]\s*\n?\s*(?=[a-zäöüßąćęłńóśźż])")  # "Bewilligungs-datum"
_PARTS = re.compile(r"[/\n|;]|\s[–-]\s")
_BRACKETS = re.compile(r"[(\[]([^)\]]*)[)\]]?")
_MARKS = re.compile(r"[*:¹²³]+|\d\)\s*$")


@dataclass(frozen=True, slots=True)
class Match:
    """A field that a column's name means; the smaller ``rank``, the surer."""

    field: str
    rank: tuple[int, int]
    language: str = ""


@dataclass(frozen=True, slots=True)
class _Names:
    fields: Mapping[str, Mapping[str, int]]  # folded name -> field -> its place among the names of the field
    languages: Mapping[str, str]


@cache
def _names() -> _Names:
    loaded = yaml_text.read(files(__package__).joinpath("columns.yaml").read_text(encoding="utf-8"))
    languages = {_squeezed(word): code for code, words in loaded.pop("languages").items() for word in words}
    fields: dict[str, dict[str, int]] = {}
    for field, names in loaded.items():
        for place, name in enumerate(name for language in LANGUAGES for name in names[language]):
            for spelling in spellings(name):
                fields.setdefault(spelling.replace(" ", ""), {}).setdefault(field, place)
    return _Names(fields, languages)


def _squeezed(name: str) -> str:
    return fold(name).replace(" ", "")


def names_of(field: str, language: str) -> tuple[str, ...]:
    """Return the names that a field has in a language, for help and docs."""
    loaded = yaml_text.read(files(__package__).joinpath("columns.yaml").read_text(encoding="utf-8"))
    return tuple(loaded[field][language])


@lru_cache(maxsize=4096)
def matches(name: str) -> tuple[Match, ...]:
    """Return the fields that a column's name may mean, the surest first; a name may mean two ("Title / Summary")."""
    found: dict[str, Match] = {}
    candidates = list(_candidates(name))
    language = next((code for text in candidates if (code := _names().languages.get(_squeezed(text)))), "")
    for order, text in enumerate(candidates):
        short, spoken = _without_language(text)
        known = _names().fields.get(_squeezed(text)) or _names().fields.get(_squeezed(short), {})
        for field, place in known.items():
            rank = (_EXACT if order == 0 else _PART, place)
            found.setdefault(field, Match(field, rank, spoken or language))
    if not found:
        found = {match.field: match for text in candidates if (match := _mistyped(text))}
    return tuple(sorted(found.values(), key=lambda match: match.rank))


def _candidates(name: str) -> Iterator[str]:
    """Yield the whole name, then its parts: without brackets, between slashes and lines, inside brackets."""
    whole = _MARKS.sub(" ", _BROKEN_WORD.sub("", name))
    yield " ".join(whole.split())
    outside = _BRACKETS.sub(" ", whole)
    yield " ".join(outside.split())
    yield from (" ".join(part.split()) for part in _PARTS.split(outside) if part.strip())
    inside = (part for text in _BRACKETS.findall(whole) for part in re.split("[,;/]", text))
    yield from (
        " ".join(part.split()) for part in inside if " " in part.strip() or _squeezed(part) in _names().languages
    )


def _without_language(text: str) -> tuple[str, str]:
    """Return the name without a language at its end, and the language: "Titel englisch"."""
    head, _, last = text.replace("_", " ").rpartition(" ")
    code = _names().languages.get(_squeezed(last), "") if head else ""
    return (head, code) if code else (text, "")


def _mistyped(text: str) -> Match | None:
    written = _squeezed(text)
    if len(written) < _SAFE_LENGTH:
        return None
    near = process.extract(written, _names().fields.keys(), scorer=fuzz.ratio, score_cutoff=_TYPING_MISTAKE, limit=5)
    fields = {field for known, _, _ in near for field in _names().fields[known]}
    return Match(fields.pop(), (_MISTYPED, 0)) if len(fields) == 1 else None


def alike(field: str, names: Sequence[str]) -> tuple[str, ...]:
    """Return the columns with names most like those of a field, for an error."""
    known = [name for name, fields in _names().fields.items() if field in fields]
    scored = [
        (max((fuzz.partial_ratio(_squeezed(name), word) for word in known if len(word) > 4), default=0), name)
        for name in names
        if len(_squeezed(name)) > 3
    ]
    best = sorted((pair for pair in scored if pair[0] >= _ALIKE), key=lambda pair: -pair[0])
    return tuple(name for _, name in best[:_SHOWN_ALIKE])


@dataclass(frozen=True, slots=True)
class Columns:
    """The names of a table's columns, and the fields that each of them holds."""

    names: tuple[str, ...]
    fields: tuple[tuple[str, ...], ...]  # of each column; a column without a field keeps its own name

    @property
    def found(self) -> frozenset[str]:
        return frozenset(field for fields in self.fields for field in fields)

    @property
    def renamed(self) -> tuple[tuple[str, str], ...]:
        """Return the columns that hold a field of another name."""
        pairs = ((name, field) for name, fields in zip(self.names, self.fields, strict=True) for field in fields)
        return tuple((name, field) for name, field in pairs if field != name)

    @property
    def is_foreign(self) -> bool:
        """Return whether the table has names of its own for title or text."""
        return any(field in ("title", "text") for _, field in self.renamed)


def recognised(names: Sequence[str], canonical: frozenset[str], chosen: Mapping[str, str]) -> Columns:
    """Return the fields of the columns ``names``, which are lower case.

    ``canonical`` are the names of fields themselves; ``chosen`` says field → column. Errors: ``InputError`` when a
    chosen column does not exist.
    """
    fields: dict[int, list[str]] = {}
    for field, wanted in chosen.items():
        fields.setdefault(_index(names, wanted), []).append(field)
    taken = {field for several in fields.values() for field in several}
    for number, name in enumerate(names):
        if number not in fields and name in canonical and name not in taken:
            fields[number] = [name]
            taken.add(name)
    open_ = [number for number in range(len(names)) if number not in fields]
    _guess(names, open_, fields, taken)
    return Columns(tuple(names), tuple(tuple(fields.get(n, [name])) for n, name in enumerate(names)))


def _guess(names: Sequence[str], open_: Sequence[int], fields: dict[int, list[str]], taken: set[str]) -> None:
    """Give fields to the open columns: the surest name first, each field once."""
    guesses = [(match.rank, number, match) for number in open_ for match in matches(names[number])]
    for _, number, match in sorted(guesses, key=lambda guess: (guess[0], guess[1])):
        if number not in fields and match.language in ("", "de") and match.field not in taken:
            fields[number] = [match.field]
            taken.add(match.field)
    for _, number, match in guesses:
        if number not in fields:
            field = match.field
            if field in taken and match.language and field in (*TRANSLATED, ASKED_AS):
                field = f"{field}_{match.language}"
            if field not in taken:
                fields[number] = [field]
                taken.add(field)
    every = [(match.rank, number, match) for number in range(len(names)) for match in matches(names[number])]
    _share(every, fields, taken)


def _share(
    guesses: Sequence[tuple[tuple[int, int], int, Match]], fields: dict[int, list[str]], taken: set[str]
) -> None:
    """Let one column hold title and text, if its name says both: "Bezeichnung / Zusammenfassung"."""
    for needed, other in (("text", "title"), ("title", "text")):
        if needed in taken:
            continue
        for _, number, match in guesses:
            if match.field == needed and fields.get(number) == [other]:
                fields[number] = ["title", "text"]
                taken.add(needed)
                break


def _index(names: Sequence[str], wanted: str) -> int:
    for same in (str.casefold, _squeezed):
        for number, name in enumerate(names):
            if same(" ".join(name.split())) == same(" ".join(wanted.split())):
                return number
    raise InputError(f"There is no column “{wanted}”.", remedy=f"The columns are: {', '.join(names)}.")


def language_named(words: str) -> str:
    """Return the code of a language by its name or code, or ""."""
    return _names().languages.get(_squeezed(words), "")
