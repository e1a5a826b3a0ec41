"""Subjects outside the knowledge base: a background against which the certainty is measured.

A cosine alone says little: with one model everything lies between .75 and .9, and a text in the language of the
question is always nearer than one in another. So a question is compared with some 350 subjects in its own language
(tasks of municipalities, affairs of citizens, small talk), in the spirit of outlier exposure (Hendrycks, Mazeika &
Dietterich, 2019). How far a subject or a document stands out is counted in their standard deviations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from knowledge_base.embedding.port import Embedder
from knowledge_base.search.conditions import Floats

LANGUAGES = ("de", "en", "pl")  # the columns of the file
_SUBJECTS, _VECTORS = "background.tsv", "background.npz"
_FEW = 5  # a single subject may be near by chance


@dataclass(frozen=True, slots=True)
class Standing:
    """The position of a question among the subjects in its language, in their standard deviations."""

    mean: float
    deviation: float
    few: float  # mean cosine of the nearest few subjects
    nearest: float  # the nearest subject above the mean of them all

    def ahead(self, cosine: float) -> float:
        """Return how far a document, by its cosine, stands above the nearest few subjects."""
        return (cosine - self.few) / self.deviation


@dataclass(frozen=True, slots=True)
class Background:
    """Unit vectors (subjects, dimension) by language, in the same order."""

    vectors: Mapping[str, Floats]

    def standing(self, vector: Floats, language: str) -> Standing:
        """Return the standing of a question by its unit vector."""
        cosines = self.vectors.get(language, self.vectors["de"]) @ vector
        mean, deviation = float(cosines.mean()), max(float(cosines.std()), 1e-4)
        few = float(np.partition(cosines, -_FEW)[-_FEW:].mean())
        return Standing(mean, deviation, few, (float(cosines.max()) - mean) / deviation)


@cache
def texts() -> tuple[str, ...]:
    """Return the names of the subjects, language after language."""
    lines = files(__package__).joinpath(_SUBJECTS).read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line.strip()]
    return tuple(row[column] for column in range(len(LANGUAGES)) for row in rows)


async def load(embedder: Embedder) -> Background:
    """Return the background in the space of an embedder: shipped for the embedded default, else embedded now."""
    with np.load(str(files(__package__).joinpath(_VECTORS))) as shipped:
        if str(shipped["fingerprint"]) == embedder.fingerprint and len(shipped["codes"]) == len(texts()):
            codes = shipped["codes"].astype(np.float32)
            return _by_language(codes / np.linalg.norm(codes, axis=1, keepdims=True))
    return _by_language(await embedder.embed_passages(texts()))


def _by_language(vectors: Floats) -> Background:
    return Background(dict(zip(LANGUAGES, np.split(vectors, len(LANGUAGES)), strict=True)))
