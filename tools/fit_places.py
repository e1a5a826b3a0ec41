# ruff: noqa: T201 - a tool that prints its figures
"""Fit the weights of ``knowledge_base/places/context.py`` and report how well they tell places from ordinary words.

``python -m tools.fit_places`` prints the fitted weights, to be copied into ``WEIGHTS`` by hand, and the figures of the
weights in use. It fits on every other sentence of ``tests/knowledge_base/places/sentences.jsonl``, and checks the rest.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from knowledge_base.places.context import WEIGHTS, Evidence, Spot, evidence_of  # noqa: E402
from knowledge_base.places.gazetteer import Gazetteer  # noqa: E402
from knowledge_base.places.words import Word, folded_name, words_of  # noqa: E402

SENTENCES = ROOT / "tests" / "knowledge_base" / "places" / "sentences.jsonl"
FALSE_PLACE = 1.5  # how much worse a false place is than a missed one
STRENGTH = 0.002  # of the ridge
STEPS = 20_000
SIGNS = {"ordinary": -1, "size": 1, "introduced": 1, "article": -1, "acts": 1, "listed": 1, "alone": 1, "small": -1}


@dataclass(frozen=True)
class Sentence:
    text: str
    lang: str
    places: tuple[str, ...]  # as written


def sentences(fit: bool) -> list[Sentence]:
    lines = SENTENCES.read_text("utf-8").splitlines()
    read = [json.loads(line) for line in lines[0 if fit else 1 :: 2]]
    return [Sentence(line["text"], line["lang"], tuple(line["places"])) for line in read]


def examples(gazetteer: Gazetteer, told: Iterable[Sentence]) -> Iterator[tuple[Evidence, bool]]:
    """Yield the evidence for each word that may name a place, and whether it does."""
    for sentence in told:
        words = words_of(sentence.text)
        names = {folded_name(name) for name in sentence.places}
        for first, word in enumerate(words):
            match = gazetteer._exact(words, first) or gazetteer._bent(words, first)  # noqa: SLF001
            if match and match[0] - first == 1:
                known = gazetteer._names  # noqa: SLF001
                spot = Spot(words, first, match[0], known.size(match[1]), known.is_region(match[1]))

                def clear(number: int, words: Sequence[Word] = words, names: Container[str] = names) -> bool:
                    told = 0 <= number < first and words[number].folded in names  # noqa: B023
                    return told or gazetteer._is_clear(words, number)  # noqa: SLF001

                evidence = evidence_of(spot, sentence.lang, clear, gazetteer._is_name)  # noqa: SLF001
                yield evidence, word.folded in names


def fitted(told: Sequence[tuple[Evidence, bool]]) -> npt.NDArray[np.float64]:
    """Return the weights of a ridge logistic regression, each of the sign that its meaning asks for."""
    x = np.array([evidence for evidence, _ in told])
    y = np.array([float(is_place) for _, is_place in told])
    weight = np.where(y > 0, 1.0, FALSE_PLACE)
    sign = np.array([SIGNS.get(field, 0) for field in Evidence._fields])
    free = np.array([field != "always" for field in Evidence._fields])
    w = np.zeros(x.shape[1])
    for _ in range(STEPS):
        p = 1.0 / (1.0 + np.exp(-x @ w))
        w -= 2.0 * (x.T @ (weight * (p - y)) / len(y) + STRENGTH * w * free)
        w = np.where(sign * w < 0, 0.0, w)
    return w


def mistakes(gazetteer: Gazetteer, told: Iterable[Sentence]) -> tuple[int, list[str]]:
    """Return how many names and sentences without a name are right, and what is wrong."""
    right, wrong = 0, []
    for sentence in told:
        words = words_of(sentence.text)
        found = [" ".join(w.folded for w in words[m.first : m.last]) for m in gazetteer.find(words, sentence.lang)]
        if found == [folded_name(name) for name in sentence.places]:
            right += 1
        else:
            wrong.append(f"{sentence.lang} {sentence.text!r}: {', '.join(found) or 'no place'}")
    return right, wrong


def main() -> None:
    gazetteer = Gazetteer(())
    weights = fitted(list(examples(gazetteer, sentences(fit=True))))
    print("fitted:", ", ".join(f"{f}={w:.1f}" for f, w in zip(Evidence._fields, weights, strict=True)))
    print("in use:", ", ".join(f"{f}={w:.1f}" for f, w in zip(Evidence._fields, WEIGHTS, strict=True)))
    for fit in (True, False):
        told = sentences(fit)
        right, wrong = mistakes(gazetteer, told)
        print(f"{'fit' if fit else 'check'}: {right} of {len(told)} sentences right")
        print("\n".join(f"  {line}" for line in wrong))


if __name__ == "__main__":
    main()
