"""What a question may be about when it is *not* about the knowledge base: a background to measure certainty against.

A cosine alone says little: with one model everything lies between .75 and .9. So the best hit is compared with short
descriptions of some 250 neighbouring subjects (what municipalities do, and small talk), in the spirit of outlier
exposure (Hendrycks, Mazeika & Dietterich, 2019): a question that is nearer to one of them than to any project has
probably no answer here. A subject that the knowledge base does hold is switched off, so the background follows it.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from importlib.resources import files

import numpy as np

from knowledge_base.embedding.port import Embedder
from knowledge_base.search.dense import Dense
from knowledge_base.search.facets import Floats

_TEXTS, _VECTORS = "background.tsv", "background.npz"
_SAME_SUBJECT = 0.01  # a document so near to a subject as its nearest fellow, less this, holds it
_ROWS = 8_192


@dataclass(frozen=True, slots=True)
class Background:
    """Unit vectors of the subjects that the knowledge base does not hold, (subjects, dimension)."""

    vectors: Floats

    def beside(self, dense: Dense) -> Background:
        """Without the subjects that the documents of an index hold."""
        if len(self.vectors) < 2 or dense.codes.shape[1:] != self.vectors.shape[1:]:
            return self
        fellows = self.vectors @ self.vectors.T
        np.fill_diagonal(fellows, -1.0)
        nearest = np.full(len(self.vectors), -1.0, np.float32)
        for start in range(0, len(dense.codes), _ROWS):
            rows = dense.codes[start : start + _ROWS].astype(np.float32) * dense.scales[start : start + _ROWS, None]
            np.maximum(nearest, (self.vectors @ rows.T).max(axis=1), out=nearest)
        kept = nearest < fellows.max(axis=1) - _SAME_SUBJECT
        return Background(self.vectors[kept] if kept.sum() > 1 else self.vectors)

    def against(self, vector: Floats, cosine: float) -> tuple[float, float]:
        """How far a cosine lies above the mean, and above the best, of the background's, in its standard deviations."""
        cosines = self.vectors @ vector
        deviation = max(float(cosines.std()), 1e-4)
        return (cosine - float(cosines.mean())) / deviation, (cosine - float(cosines.max())) / deviation


def texts() -> list[str]:
    """The subjects as passages: title and one or two sentences."""
    lines = files(__package__).joinpath(_TEXTS).read_text("utf-8").splitlines()
    return [line.replace("\t", "\n", 1) for line in lines if line.strip()]


async def load(embedder: Embedder) -> Background:
    """The background in the space of an embedder: shipped for the embedded default, else embedded now."""
    with np.load(str(files(__package__).joinpath(_VECTORS))) as shipped:
        if str(shipped["fingerprint"]) == embedder.fingerprint and len(shipped["codes"]) == len(texts()):
            vectors = shipped["codes"].astype(np.float32)
            return Background(vectors / np.linalg.norm(vectors, axis=1, keepdims=True))
    return Background(await embedder.embed_passages(texts()))


async def load_beside(embedder: Embedder, dense: Dense) -> Background:
    """``load``, without the subjects that the documents hold; the comparison runs off the event loop."""
    return await asyncio.to_thread((await load(embedder)).beside, dense)
