"""What tells the acts of a talk apart, beside the meaning of a text: its words, its form, what was read, what came
before. Pure. ``tools/fit_acts.py`` learns from the same outlines.

Places and numbers are replaced by marks, so that an act is learnt once for all towns.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from bot.commands.command import fold
from knowledge_base.search.understanding import Query

Floats = npt.NDArray[np.float32]

SLOTS = 4096  # of the hashed words and letter groups
WEIGHTS = {"meaning": 4.0, "words": 2.0, "form": 0.3, "talk": 0.7, "read": 0.4, "shown": 1.0}  # of the parts
PLACE, NUMBER = " zzplace ", " zznumber "
LETTERS = (3, 4)


@dataclass(frozen=True, slots=True)
class Situation:
    """What came before a text, as far as it changes what the text can be."""

    listed: bool = False  # an answer stands in this chat
    pending: bool = False  # the bot waits for a yes or no
    unsure: bool = False  # the last question found nothing certain
    fresh: bool = False  # nothing was said yet
    entry: bool = False  # one project was shown in full, or one thing about it
    of_shown: bool = False  # the text names the town of a project that was shown
    titled: float = 0.0  # share of its words that stand in one title that was shown


def outline(text: str, query: Query, situation: Situation, meaning: Floats) -> Floats:
    """Return the features of a text: its vector ``meaning`` (of this model, shape (d,)), then all the others."""
    parts = {
        "meaning": meaning,
        "words": _hashed(_grams(_marked(text, query))),
        "form": _form(text),
        "talk": np.array([getattr(situation, name) for name in ("listed", "pending", "unsure", "fresh", "entry")]),
        "read": _read(query),
        "shown": np.array([situation.of_shown, situation.titled]),
    }
    weighted = [part.astype(np.float32) * np.float32(WEIGHTS[name]) for name, part in parts.items()]
    return np.concatenate([*weighted, np.ones(1, np.float32)])


def _marked(text: str, query: Query) -> str:
    words = re.findall(r"\w+|\?", fold(text) + ("?" if text.rstrip().endswith("?") else ""))
    marked = f" {' '.join(words)} "
    for place in sorted(query.places, key=len, reverse=True):
        if said := " ".join(re.findall(r"\w+", fold(place))):
            marked = marked.replace(f" {said} ", PLACE)
    return re.sub(r" \d+ ", NUMBER, marked)


def _grams(marked: str) -> Iterator[str]:
    """Yield words, pairs and triples of words, and groups of letters."""
    words = ["^", *marked.split(), "$"]
    yield from (f"w {word}" for word in words[1:-1])
    yield from (f"b {first} {second}" for first, second in pairwise(words))
    yield from (f"t {a} {b} {c}" for a, b, c in zip(words, words[1:], words[2:], strict=False))
    for length in LETTERS:
        yield from (f"c{marked[start : start + length]}" for start in range(len(marked) - length + 1))


def _hashed(grams: Iterator[str]) -> Floats:
    """Return grams counted into slots by a hash with a sign (Weinberger et al., 2009), damped, of length 1."""
    counted = np.zeros(SLOTS, np.float32)
    for gram in grams:
        code = zlib.crc32(gram.encode())
        counted[code % SLOTS] += 1 if (code >> 20) & 1 else -1
    damped: Floats = np.sign(counted) * np.sqrt(np.abs(counted))
    return damped / np.float32(max(float(np.linalg.norm(damped)), 1e-9))


def _form(text: str) -> Floats:
    count = len(re.findall(r"\w+", text))
    return np.array([
        count == 1, count <= 3, count <= 6, count > 12, "?" in text, any(map(str.isdigit, text)), not count
    ])  # fmt: skip


def _read(query: Query) -> Floats:
    read, subjects = query.understood, len(query.subject)
    without = query.without_rows or query.without_states or query.without_words
    return np.array([
        bool(query.places), query.placed, subjects == 0, subjects == 1, subjects >= 2, subjects >= 4,
        bool(read.topics), bool(read.rounds), bool(read.years), bool(read.status), read.rural, read.who, read.role,
        query.listing, bool(without), bool(query.rest),
    ])  # fmt: skip
