"""Subjects outside the knowledge base: a background against which the certainty is measured.

A cosine alone says little: with one model everything lies between .75 and .9. So the best hit is compared with short
descriptions of some 600 neighbouring subjects (tasks of municipalities, and small talk), in the spirit of outlier
exposure (Hendrycks, Mazeika & Dietterich, 2019): a question that is nearer to one of them than to any project has
probably no answer here. A subject that the knowledge base does hold is switched off, so the background follows it.

A text in the language of the question is always nearer than a text in another language. So the subjects in the
question's own language are measured among themselves, by how many standard deviations the nearest stands out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from knowledge_base.embedding.port import Embedder
from knowledge_base.search.dense import Dense
from knowledge_base.search.conditions import Floats

LANGUAGES = ("de", "en", "pl")  # the columns of the subjects
_DESCRIBED, _NAMED, _VECTORS = "background.tsv", "background_subjects.tsv", "background.npz"
_FELLOW = 5  # a document nearer to a subject than its so many nearest fellows holds it
_SEVERAL = 5
_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class OffTopicScore:
    """The position of a question between knowledge base and background, in the background's standard deviations."""

    ahead: float  # the nearest document above the mean of the nearest few subjects
    own_nearest: float  # the nearest subject in the question's own language above the mean of them all
    own_several: float  # the mean of the nearest few above it


@dataclass(frozen=True, slots=True)
class Background:
    """Unit vectors of the subjects that the knowledge base does not hold, (subjects, dimension)."""

    vectors: Floats  # in German, described or named
    named: Mapping[str, Floats]  # by language: the subjects named in every language, in the same order

    def beside(self, dense: Dense) -> Background:
        """Return the background without the subjects that the documents of an index hold."""
        if len(self.vectors) <= _FELLOW or dense.codes.shape[1:] != self.vectors.shape[1:]:
            return self
        fellows = self.vectors @ self.vectors.T
        np.fill_diagonal(fellows, -1.0)
        nearest = np.full(len(self.vectors), -1.0, np.float32)
        for start in range(0, len(dense.codes), _ROWS):
            rows = dense.codes[start : start + _ROWS].astype(np.float32) * dense.scales[start : start + _ROWS, None]
            np.maximum(nearest, (self.vectors @ rows.T).max(axis=1), out=nearest)
        kept = nearest < np.partition(fellows, -_FELLOW, axis=1)[:, -_FELLOW]
        names = kept[len(kept) - len(self.named["de"]) :]
        if min(kept.sum(), names.sum()) < 2:
            return self
        return Background(self.vectors[kept], {language: vectors[names] for language, vectors in self.named.items()})

    def standing(self, vector: Floats, language: str, nearest: float) -> OffTopicScore:
        """Return the standing of a question (its unit vector); ``nearest`` is the cosine of its nearest document.

        NaN, where no document has a vector, stands at the mean.
        """
        every, own = self.vectors @ vector, self.named.get(language, self.named["de"]) @ vector
        cosine = float(every.mean()) if np.isnan(nearest) else nearest
        mean, deviation = float(own.mean()), _deviation(own)
        return OffTopicScore(
            ahead=(cosine - _several(every)) / _deviation(every),
            own_nearest=(float(own.max()) - mean) / deviation,
            own_several=(_several(own) - mean) / deviation,
        )


def _several(cosines: Floats) -> float:
    """Return the mean of the nearest few: a single subject may be near by chance."""
    count = min(_SEVERAL, len(cosines))
    return float(np.partition(cosines, -count)[-count:].mean())


def _deviation(cosines: Floats) -> float:
    return max(float(cosines.std()), 1e-4)


@cache
def texts() -> tuple[str, ...]:
    """Return the subjects as passages: the described ones (title and a sentence), then the named ones by language."""
    described = [line.replace("\t", "\n", 1) for line in _lines(_DESCRIBED)]
    return tuple(described) + tuple(row[n] for n in range(len(LANGUAGES)) for row in _rows())


def _rows() -> list[list[str]]:
    return [line.split("\t") for line in _lines(_NAMED)]


def _lines(name: str) -> list[str]:
    return [line for line in files(__package__).joinpath(name).read_text("utf-8").splitlines() if line.strip()]


async def load(embedder: Embedder) -> Background:
    """Return the background in the space of an embedder: shipped for the embedded default, else embedded now."""
    with np.load(str(files(__package__).joinpath(_VECTORS))) as shipped:
        if str(shipped["fingerprint"]) == embedder.fingerprint and len(shipped["codes"]) == len(texts()):
            vectors = shipped["codes"].astype(np.float32)
            return _parted(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return _parted(await embedder.embed_passages(texts()))


def _parted(vectors: Floats) -> Background:
    count = len(_rows())
    described = len(vectors) - count * len(LANGUAGES)
    starts = range(described, len(vectors), count)
    named = {language: vectors[at : at + count] for language, at in zip(LANGUAGES, starts, strict=True)}
    return Background(vectors[: described + count], named)


async def load_beside(embedder: Embedder, dense: Dense) -> Background:
    """Return ``load`` without the subjects that the documents hold; the comparison runs off the event loop."""
    return await asyncio.to_thread((await load(embedder)).beside, dense)
