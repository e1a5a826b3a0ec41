"""Inflected place names: from a word in a sentence back to the names that it may be a form of.

Rules run backwards (word to name), so that a gazetteer stores each name once, whatever the language of the question.
German: genitive and the two adjectives ("Potsdams", "Potsdamer", "brandenburgisch"). Polish: the cases of place names
with their sound changes ("we Frankfurcie" < Frankfurt, "w Dreźnie" < Drezno) and the adjective ("berlińskie"). All
words are folded (``words.fold``), which also joins Polish "ń" and "n".
"""

from __future__ import annotations

from collections.abc import Iterator

_GERMAN: tuple[tuple[str, str], ...] = (
    ("s", ""), ("es", ""), ("er", ""), ("ers", ""), ("ern", ""), ("r", ""), ("rs", ""), ("rn", ""),
    ("er", "en"), ("ern", "en"), ("er", "e"), ("ner", "en"), ("ner", "n"), ("nern", "en"), ("ler", "el"), ("ner", "e"),
    ("aner", ""), ("aner", "en"), ("nser", ""), ("enser", ""), ("ischer", ""), ("isches", ""), ("isch", ""),
    ("ische", ""), ("ischen", ""), ("ischem", ""), ("isch", "en"), ("ische", "en"), ("ischen", "en"), ("ischer", "en"),
    ("ische", "n"), ("ischen", "n"), ("ischer", "n"),
)  # fmt: skip
_POLISH: tuple[tuple[str, str], ...] = (
    ("ie", ""), ("u", ""), ("iu", ""), ("a", ""), ("ia", ""), ("em", ""), ("iem", ""), ("owi", ""), ("y", "a"),
    ("i", ""), ("i", "a"), ("ii", "ia"), ("ie", "a"), ("a", "o"), ("u", "o"), ("ie", "o"), ("em", "o"), ("e", "a"),
    ("cie", "t"), ("cie", "ta"), ("cie", "to"), ("dzie", "d"), ("dzie", "da"), ("rze", "r"), ("rze", "ra"), ("rze",
    "ro"),
    ("ce", "ka"), ("ce", "k"), ("dze", "ga"), ("dze", "g"), ("zie", "zno"), ("znie", "zno"), ("snie", "sno"),
    ("le", "l"), ("le", "la"), ("ej", "a"), ("im", "i"), ("iego", "i"), ("ego", "e"), ("ym", "y"), ("im", "ie"),
    ("ach", "e"), ("ach", "y"), ("om", "e"), ("ami", "e"), ("", "e"), ("", "y"), ("a", ""), ("ka", "ek"), ("ku", "ek"),
    ("cu", "iec"), ("ca", "iec"), ("cem", "iec"), ("oru", "or"), ("ini", "inia"), ("owie", "ow"), ("owa", "ow"),
)  # fmt: skip
_POLISH_ADJECTIVE = ("ski", "ska", "skie", "skiego", "skim", "skiej", "skich", "skimi", "skiemu", "sko")
_ADJECTIVE_STEMS = (("", ""), ("", "a"), ("", "o"), ("", "e"), ("n", "na"), ("j", "ja"), ("ij", "ia"), ("ow", "ow"))

_MIN_NAME = 3
_RULES = tuple(dict.fromkeys(_GERMAN + _POLISH))
_ENDINGS = {suffix: tuple(ending for other, ending in _RULES if other == suffix) for suffix, _ in _RULES}
_LONGEST_SUFFIX = max(map(len, _ENDINGS))


def base_forms(word: str) -> Iterator[str]:
    """Return folded names that the folded ``word`` may be a bent form of, without the word itself."""
    for length in range(_LONGEST_SUFFIX, -1, -1):
        stem = word[: len(word) - length]
        for ending in _ENDINGS.get(word[len(stem) :], ()):
            if len(stem) + len(ending) >= _MIN_NAME and stem + ending != word:
                yield stem + ending
    for suffix in _POLISH_ADJECTIVE:
        if word.endswith(suffix) and len(word) - len(suffix) >= _MIN_NAME:
            stem = word[: -len(suffix)]
            for cut, ending in _ADJECTIVE_STEMS:
                if stem.endswith(cut):
                    yield stem[: len(stem) - len(cut)] + ending
